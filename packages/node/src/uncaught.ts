import type { Logger } from 'pino'

/** What the database gets to be closed when everything else is in an unknown state. */
const MAX_CLOSE_MS = 5_000

export interface UncaughtComponents {
  readonly logger: Logger
  /** Closes the database: what was acknowledged is on disk, and what is being written is finished. */
  readonly closeDatabase: () => Promise<void>
  /** Whether it is the error of a plugin, which takes it upon itself. @default none is */
  readonly isTaken?: (error: unknown, kind: 'exception' | 'rejection') => boolean
  /** @default process.exit */
  readonly exit?: (code: number) => void
}

/**
 * An error that nobody caught leaves the process in a state that nobody knows: it is logged, the database is closed, and
 * the process ends with 1, for whoever runs it to start it again.
 *
 * @returns stops watching
 */
export function exitOnUncaught({
  logger,
  closeDatabase,
  isTaken = () => false,
  exit = process.exit,
}: UncaughtComponents): () => void {
  let isEnding = false
  const onError = (error: unknown) => {
    if (isEnding) return
    isEnding = true
    try {
      logger.fatal({ event: 'crash', err: error }, `${(error as Error)?.message ?? error}: the node ends`)
    } catch {
      // The log may be what failed; the database is closed all the same.
    }
    const timer = setTimeout(() => exit(1), MAX_CLOSE_MS)
    closeDatabase()
      .catch((cause) => logger.error({ event: 'crash', err: cause }, 'the database could not be closed'))
      .finally(() => {
        clearTimeout(timer)
        exit(1)
      })
  }
  const onUncaught = (error: unknown, kind: 'exception' | 'rejection') => {
    let isPlugins = false
    try {
      isPlugins = isTaken(error, kind)
    } catch {
      // Nobody knows whose it is.
    }
    if (!isPlugins) onError(error)
  }
  const onException = (error: unknown) => onUncaught(error, 'exception')
  const onRejection = (error: unknown) => onUncaught(error, 'rejection')
  process.on('uncaughtException', onException)
  process.on('unhandledRejection', onRejection)
  return () => {
    process.off('uncaughtException', onException)
    process.off('unhandledRejection', onRejection)
  }
}
