import { explainFileError, MeshError } from '@pastel-mesh/identity'
import { type DestinationStream, type Logger, multistream, pino, type StreamEntry } from 'pino'
import type { NodeLogOptions } from './log-options.ts'
import { prettyStream } from './pretty-stream.ts'
import { REDACTED_PATHS } from './redacted-paths.ts'

/** A log, and what belongs to its files. */
export interface NodeLog {
  readonly logger: Logger
  /** Whether the standard output is written for reading. */
  readonly isPretty: boolean
  /** Opens the log file again, by its name: after `logrotate` has moved it. */
  reopen(): void
}

/**
 * A node's log. Lines are written before the call returns, so that the last words of a process that ends at once
 * are there.
 *
 * @throws MeshError ERR_LOG_FILE
 * @example
 * const { logger } = createNodeLog({ level: 'info', format: 'auto' })
 * logger.info({ event: 'connected' }, 'jXX…')
 */
export function createNodeLog({ level, format, file }: NodeLogOptions): NodeLog {
  const isPretty = format === 'pretty' || (format === 'auto' && process.stdout.isTTY === true)
  const stdout = isPretty ? prettyStream(process.stdout) : pino.destination({ fd: 1, sync: true })
  survive(stdout)
  const opened = file === undefined ? undefined : openFile(file)
  const streams: StreamEntry[] = [{ level: 'trace', stream: stdout }]
  if (opened !== undefined) {
    survive(opened)
    streams.push({ level: 'trace', stream: opened })
  }
  const logger = pino(
    {
      level,
      base: { pid: process.pid },
      redact: { paths: REDACTED_PATHS, censor: '[redacted]' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    multistream(streams),
  )
  const reopen = () => {
    try {
      opened?.reopen()
    } catch (cause) {
      logger.error({ event: 'log', err: cause }, `the log file ${file} cannot be opened anew`)
    }
  }
  return { logger, isPretty, reopen }
}

type FileStream = ReturnType<typeof pino.destination>

function openFile(file: string): FileStream {
  try {
    return pino.destination({ dest: file, sync: true, append: true, mkdir: true, mode: 0o600 })
  } catch (cause) {
    throw new MeshError(
      'ERR_LOG_FILE',
      `the log file ${file} cannot be written: ${explainFileError(cause)}`,
      {
        cause,
      },
    )
  }
}

/** A node goes on when its log cannot be written: whoever read it has gone, or the disk is full. */
function survive(stream: DestinationStream): void {
  ;(stream as Partial<FileStream>).on?.('error', () => {})
}
