import { setTimeout as delay } from 'node:timers/promises'
import type { ChaosMember } from './chaos-member.ts'
import type { MemberStatus } from './member/protocol.ts'

export interface QuietOptions {
  /** The longest that is waited. */
  readonly maxMs: number
  readonly say: (line: string) => void
  readonly signal: AbortSignal
}

const LOOK_MS = 500
/** With everything that was accepted shown to all readers, and every direct message settled, so long is quiet. */
const SETTLED_MS = 3_000
/** With something open that does not move, so long is given up for quiet: gaps and pauses before dials take their time. */
const STALLED_MS = 60_000
const SAY_MS = 10_000

/**
 * Waits until nothing moves any more.
 * @returns how long it took until the last change, in ms
 * @throws the signal's reason
 */
export async function waitForQuiet(members: readonly ChaosMember[], options: QuietOptions): Promise<number> {
  const beganMs = performance.now()
  let changedMs = beganMs
  let saidMs = beganMs
  let before = ''
  for (;;) {
    options.signal.throwIfAborted()
    const looks = await Promise.all(members.map((member) => member.status().catch(() => undefined)))
    const nowMs = performance.now()
    const missing = looks.map((look, reader) => countMissing(look, members[reader]?.channels ?? [], looks))
    const state = JSON.stringify(
      looks.map((look) => [look?.end, look?.shown, look?.heldBatches, look?.undelivered]),
    )
    if (state !== before) changedMs = nowMs
    before = state
    const isSettled = looks.every(
      (look, member) => look?.heldBatches === 0 && look.undelivered.length === 0 && missing[member] === 0,
    )
    if (nowMs - changedMs > (isSettled ? SETTLED_MS : STALLED_MS)) return changedMs - beganMs
    const isOver = nowMs - beganMs > options.maxMs
    if (isOver || (nowMs - saidMs > SAY_MS && !isSettled)) {
      saidMs = nowMs
      for (const [member, look] of looks.entries()) {
        options.say(`member ${member + 1}: ${describe(look, missing[member] ?? 0)}`)
      }
    }
    if (isOver) return nowMs - beganMs
    await delay(LOOK_MS)
  }
}

/** How much of what was accepted, by those who tell, a reader was not shown. */
function countMissing(
  look: MemberStatus | undefined,
  channels: readonly string[],
  looks: readonly (MemberStatus | undefined)[],
): number {
  let missing = 0
  for (const channel of channels) {
    const accepted = looks.reduce((sum, other) => sum + (other?.accepted[channel] ?? 0), 0)
    missing += Math.max(0, accepted - (look?.shown[channel] ?? 0))
  }
  return missing
}

function describe(look: MemberStatus | undefined, missing: number): string {
  if (look === undefined) return 'does not answer'
  const { end, heldBatches, undelivered, peers } = look
  const names = peers.map((peer) => peer + 1).sort()
  return `order ends at ${end}, ${missing} not shown, ${heldBatches} batches held, ${undelivered.length} undelivered, connected to ${names.join(', ') || 'nobody'}`
}
