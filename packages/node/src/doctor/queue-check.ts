import { describeCount } from '../cli/terminal/figures.ts'
import { pmeshCommand } from '../pmesh-command.ts'
import type { Check } from './check.ts'

/** Whether the node gets at its jobs, which may be on a server. */
export const queueCheck: Check = {
  name: 'queue',
  timeoutMs: 2_000,
  async run({ dataDir, node }) {
    if (node.kind !== 'running') return [{ state: 'not-checked', message: 'the node does not run' }]
    const { queue } = node.status
    if (queue.state === 'unavailable') {
      return [
        {
          state: 'failed',
          message: queue.reason,
          advice: 'see to the server that queue.driver names; the node goes on by itself when it answers',
          measured: { code: queue.code },
        },
      ]
    }
    const { waiting, running, failed, isPaused } = queue
    const message = `${describeCount(waiting)} jobs waiting, ${describeCount(running)} running, ${describeCount(failed)} failed`
    const measured = { waiting, running, failed, isPaused }
    if (!isPaused) return [{ state: 'ok', message, measured }]
    return [
      {
        state: 'warning',
        message: `${message}: everything is paused`,
        advice: `"${pmeshCommand('jobs resume', dataDir)}" lets jobs start`,
        measured,
      },
    ]
  },
}
