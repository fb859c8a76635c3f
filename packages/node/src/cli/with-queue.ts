import { MeshError } from '@pastel-mesh/identity'
import type { ControlClient } from '../control-client.ts'
import { pmeshCommand } from '../pmesh-command.ts'
import { withClient } from './with-client.ts'

type Admin = ControlClient['api']['admin']
/** The queue of a node, as the operator has it. */
export type QueueApi = Pick<Admin, 'jobs' | 'schedules'>

/**
 * Calls the queue of the node of a data folder.
 * @throws MeshError as {@link withClient}, and those of the queue, with what to do
 */
export async function withQueue<T>(dataDir: string, call: (api: QueueApi) => Promise<T>): Promise<T> {
  return withClient(dataDir, async ({ admin }) => call(admin)).catch((error: unknown) => {
    throw withAdvice(error, dataDir)
  })
}

/** What to do about it, behind what is wrong. */
export function withAdvice(error: unknown, dataDir: string): unknown {
  if (!(error instanceof MeshError)) return error
  const advice = adviceFor(error.code, dataDir)
  if (advice === undefined) return error
  return new MeshError(error.code, `${error.message}; ${advice}`, { cause: error })
}

function adviceFor(code: string, dataDir: string): string | undefined {
  const command = (text: string) => `"${pmeshCommand(text, dataDir)}"`
  switch (code) {
    case 'ERR_JOB_UNKNOWN':
      return `${command('jobs list')} shows those there are`
    case 'ERR_JOB_RUNNING':
      return `${command('jobs cancel ID')} does`
    case 'ERR_SCHEDULE_UNKNOWN':
      return `${command('schedules list')} shows those there are`
    case 'ERR_QUEUE_STOPPED':
      return 'the node has stopped its queue: start the node again, and see its log'
    case 'ERR_QUEUE_SERVER':
      return `see the log of the node, and queue.driver in ${command('config print')}`
    case 'ERR_DISK_RESERVE':
      return 'make room on the disk: jobs that run go on, and nothing is lost'
    default:
      return undefined
  }
}
