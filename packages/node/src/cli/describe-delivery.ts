import type { DeliveryState } from '@pastel-mesh/sdk-node'
import type { DeliveryOutput } from '@pastel-mesh/sdk-server'
import { counted, describeSpan } from './terminal/figures.ts'
import type { Tone } from './terminal/paint.ts'
import { shownId } from './terminal/screen.ts'

const STATES: Record<DeliveryState, { readonly text: string; readonly tone: Tone }> = {
  'waiting-for-certificate': {
    text: 'on this disk, waiting for a certificate of its recipient, with a key that it can be sealed to',
    tone: 'caution',
  },
  accepted: { text: 'on this disk, and as far as this node knows nowhere else', tone: 'caution' },
  'left-with-mailboxes': { text: 'kept by others for its recipient', tone: 'name' },
  'handed-over': { text: 'handed over; nobody says there whether it arrived', tone: 'name' },
  delivered: { text: 'its recipient has it, and has signed that', tone: 'good' },
  rejected: { text: 'its recipient has it, and cannot read it or will not have it', tone: 'bad' },
  lost: { text: 'its recipient went on without it', tone: 'bad' },
  expired: { text: 'nobody delivers it any more', tone: 'bad' },
}

/** States that do not change any more. */
const FINAL: ReadonlySet<DeliveryState> = new Set(['handed-over', 'delivered', 'rejected', 'lost', 'expired'])

export function isFinal({ state }: Pick<DeliveryOutput, 'state'>): boolean {
  return FINAL.has(state)
}

/** What a state means. */
export function aboutState(
  state: DeliveryState,
  { via, reason }: Pick<DeliveryOutput, 'via' | 'reason'> = {},
): { readonly text: string; readonly tone: Tone } {
  if (state !== 'handed-over') return STATES[state]
  if (reason !== undefined)
    return { text: `nobody can say whether ${via} got it; it is not sent again`, tone: 'caution' }
  return { text: `handed to ${via}, where nobody says whether it arrived`, tone: STATES[state].tone }
}

/** A state as it is shown. */
export function shownState({ state, via }: Pick<DeliveryOutput, 'state' | 'via'>): string {
  return state === 'handed-over' ? `handed to ${via}` : state
}

/** What is known of a delivery, in a line. */
export function describeDelivery(delivery: DeliveryOutput): string {
  const { state, recipient, reason, sentAgainAs } = delivery
  const why = reason === undefined ? '' : ` (${reason})`
  const again = sentAgainAs === undefined ? '' : `; sent again as ${sentAgainAs}`
  const ongoing = describeOngoing(delivery)
  const more = ongoing === undefined ? '' : `; ${ongoing}`
  return `${shownState(delivery)}, to ${shownId(recipient)}: ${aboutState(state, delivery).text}${why}${again}${more}`
}

/** That a delivery goes on, where the recipient is, what holds the message and until when; undefined if it is over. */
export function describeOngoing(delivery: DeliveryOutput, nowMs: number = Date.now()): string | undefined {
  const { isConnected, mailboxes, expiresAtMs } = delivery
  if (isFinal(delivery)) return undefined
  const where = isConnected ? 'the recipient is connected' : 'the recipient is not connected now'
  const kept = counted(mailboxes.length, 'mailbox', 'mailboxes')
  const holders = mailboxes.length === 0 ? 'this node keeps it' : `this node and ${kept} keep it`
  const until = `${new Date(expiresAtMs).toISOString()} (in ${describeSpan(expiresAtMs - nowMs)})`
  return `${where}; ${holders}, and its delivery goes on by itself, over restarts too, until ${until}`
}
