import type { JobEvent, Queue } from '@pastel-mesh/queue'
import type { Logger } from 'pino'
import { pmeshCommand } from '../pmesh-command.ts'
import { Seldom } from '../seldom.ts'

/**
 * Logs what an operator should know of the jobs; of each name seldom, for one that fails is seldom alone.
 * @param dataDir for the commands that a line advises
 */
export function tellJobs(queue: Queue, logger: Logger, dataDir: string): void {
  const seldom = new Seldom()
  const show = pmeshCommand('jobs list failed', dataDir)
  queue.addEventListener('failed', ({ detail }) => {
    const { id, name, failure } = detail
    logger.debug({ event: 'job failed', job: id, failure }, id)
    if (!seldom.isDue(`failed ${name}`)) return
    logger.warn(
      { event: 'job failed', job: id, name, code: failure?.code, reason: failure?.message },
      `${id}: ${describe(detail)}; "${show}" shows all that failed`,
    )
  })
  queue.addEventListener('stalled', ({ detail: { id, name } }) => {
    if (!seldom.isDue(`stalled ${name}`)) return
    logger.warn(
      { event: 'job stalled', job: id, name },
      `${id}: it was running when the process ended, and runs again`,
    )
  })
}

function describe({ failure }: JobEvent): string {
  const line = failure?.message.split('\n')[0] ?? 'no reason is known'
  return failure?.code === undefined ? line : `${line} (${failure.code})`
}
