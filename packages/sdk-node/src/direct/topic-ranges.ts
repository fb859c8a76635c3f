import type { LogRange, ReceiptRange } from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import type { AskBudget } from './ask-budget.ts'
import { wentPast, withEntered } from './went-past.ts'

/** The reason for what was stored, or would have been, and is not kept: retention removed it. */
const PRUNED = 'pruned'

/** Lost ranges of a log that are looked at for one question: of a log with more, what is behind them is not told. */
const MAX_LOST = 256

/**
 * What this node says of a range of a topic's log: what of it it stores, as far as it went past it. What is held behind
 * a gap is not among it.
 */
export async function topicRanges(
  { log, first, last }: LogRange,
  store: MessageStore,
  budget: AskBudget,
): Promise<ReceiptRange[]> {
  // Whoever asks wants to know of what was before the wanted history, too.
  const options = { maxLost: MAX_LOST, lostReason: '', lost: { sinceMs: 0 } }
  const past = await wentPast({ log, first, last }, store, options)
  if (past === undefined) return []
  const { end, exceptions } = past
  let stored = end + 1
  // Retention takes a log from its beginning.
  for await (const { envelope, signed } of store.readLog({ log, first, last: end })) {
    if (!budget.spend(envelope.length)) return []
    stored = Math.max(first, signed.batch.first)
    break
  }
  return withEntered({ log, first, last: end }, exceptions).flatMap((range) => withoutPruned(range, stored))
}

/** A range, of which nothing is stored below a position. */
function withoutPruned(range: ReceiptRange, stored: number): ReceiptRange[] {
  if (range.outcome !== 'entered' || range.first >= stored) return [range]
  const pruned: ReceiptRange = {
    ...range,
    last: Math.min(range.last, stored - 1),
    outcome: 'rejected',
    reason: PRUNED,
  }
  return range.last < stored ? [pruned] : [pruned, { ...range, first: stored }]
}
