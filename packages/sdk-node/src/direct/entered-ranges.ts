import type { LogId, ReceiptRange } from '@pastel-mesh/protocol'

/** Logs that are remembered: those that were silent for longest leave first. */
const MAX_LOGS = 4_096

/**
 * What entered this node's inbox since it started, by log, as far as it hangs together: so a receipt for the newest
 * message of a log speaks for those before it, too, and the sender keeps one receipt instead of many.
 */
export class EnteredRanges {
  readonly #logs = new Map<LogId, ReceiptRange>()

  /** @returns what a receipt says: the range that was given, with what entered before it */
  add(range: ReceiptRange): ReceiptRange {
    const before = this.#logs.get(range.log)
    if (range.outcome !== 'entered') {
      // What is behind it begins anew.
      this.#logs.delete(range.log)
      return range
    }
    const hangsTogether =
      before !== undefined && range.first <= before.last + 1 && range.last >= before.first - 1
    const whole = hangsTogether
      ? { ...range, first: Math.min(before.first, range.first), last: Math.max(before.last, range.last) }
      : range
    this.#logs.delete(range.log)
    this.#logs.set(range.log, whole)
    if (this.#logs.size > MAX_LOGS) this.#logs.delete(this.#logs.keys().next().value as LogId)
    return whole
  }
}
