import { describeSuperseded } from '../cli/describe-standing.ts'
import { describeSpan } from '../cli/terminal/figures.ts'
import type { Check } from './check.ts'

/** It is renewed at half of its life; a signer that is slow, or a machine that slept, may take a while. */
const LATE_MS = 10 * 60_000

/** Whether other nodes take this one for who it is: its certificate in the mesh, which it makes itself. */
export const standingCheck: Check = {
  name: 'mesh certificate',
  timeoutMs: 2_000,
  async run({ dataDir, node }) {
    if (node.kind !== 'running') return [{ state: 'not-checked', message: 'the node does not run' }]
    const { certificate, superseded } = node.status.standing
    if (superseded !== undefined) {
      return [
        {
          state: 'failed',
          message: `another node has the PastelID of this one: ${superseded.peerId}`,
          advice: describeSuperseded(superseded, dataDir),
          measured: { supersededBy: superseded.peerId, unshared: superseded.unshared },
        },
      ]
    }
    if (certificate === undefined) return [{ state: 'not-checked', message: 'the node did not say' }]
    const nowMs = Date.now()
    const { notAfterMs, renewAtMs } = certificate
    if (nowMs < renewAtMs + LATE_MS) {
      const renewal = nowMs < renewAtMs ? `renewed in ${describeSpan(renewAtMs - nowMs)}` : 'being renewed'
      return [
        {
          state: 'ok',
          message: `good for ${describeSpan(notAfterMs - nowMs)}, ${renewal}`,
          measured: { ...certificate },
        },
      ]
    }
    const isOver = nowMs > notAfterMs
    const message = isOver
      ? `it ended ${describeSpan(nowMs - notAfterMs)} ago`
      : `it should have been renewed ${describeSpan(nowMs - renewAtMs)} ago, and ends in ${describeSpan(notAfterMs - nowMs)}`
    return [
      {
        state: isOver ? 'failed' : 'warning',
        message,
        advice: 'see the log of the node for why it cannot sign; a start makes a new one',
        measured: { ...certificate },
      },
    ]
  },
}
