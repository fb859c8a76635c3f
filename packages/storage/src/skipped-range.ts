import type { SignedBatch } from '@pastel-mesh/protocol'
import type { LostReason } from './arrival-record.ts'
import type { LogNames, LogState } from './log-state.ts'
import type { Planned } from './order-commit.ts'

/**
 * The entry for a range at the end of a log that the order goes on without.
 * @param isCarried it is before something that is kept for somebody else's inbox
 */
export function skipped(
  { id, bytes, sender, channel, run }: LogNames,
  state: LogState | undefined,
  last: number,
  reason: LostReason,
  isCarried = false,
): Planned {
  const names = { id, bytes: new Uint8Array(bytes), sender: new Uint8Array(sender), channel, run }
  const notice = { log: id, sender: names.sender, channel, first: state?.next ?? 0, last, reason }
  if (reason === 'frozen') return { notice, names }
  const isKnown = state !== undefined && state.stored > 0 && state.stored === state.next
  return { notice, names, remember: { ...(isKnown ? { previous: state.headHash } : {}), isCarried } }
}

/** The state of a log that a batch's run follows; the first run that does so is its successor. */
export function followedUp(state: LogState, { batch, logBytes }: SignedBatch): LogState {
  if (batch.follows === undefined || state.successor !== undefined) return state
  const { createdAtMs, follows } = batch
  return { ...state, successor: { log: new Uint8Array(logBytes), head: follows.head, createdAtMs } }
}
