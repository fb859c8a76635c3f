import { decodeLogId, type LogRange, type ReceiptRange } from '@pastel-mesh/protocol'
import type { LostQuery, MessageStore } from '@pastel-mesh/storage'

export interface WentPastOptions {
  /** Lost ranges of the log that are looked at: of what is behind them nothing is said. */
  readonly maxLost: number
  /** Why a place was given up, as the receipt says it. */
  readonly lostReason: string
  /** Which lost ranges are looked for, beside those of the log. */
  readonly lost?: Pick<LostQuery, 'sinceMs'>
}

/** How far this node's order went past a range of a log. */
export interface WentPast {
  /** The last position of it that is said something of. */
  readonly end: number
  /** What of it has not entered: lost, or behind the point where the log contradicts itself. */
  readonly exceptions: readonly ReceiptRange[]
}

/** Undefined: of this range the order has nothing yet. @throws StorageError */
export async function wentPast(
  { log, first, last }: LogRange,
  store: MessageStore,
  { maxLost, lostReason, lost: query = {} }: WentPastOptions,
): Promise<WentPast | undefined> {
  const bytes = decodeLogId(log)
  const state = await store.log(log, bytes)
  if (state === undefined || first >= state.next) return undefined
  // What is known of a log is ahead of the disk by the commits on their way, and one of them may fail.
  await store.writer.flush()
  let end = Math.min(last, state.next - 1, ((await store.log(log, bytes))?.next ?? 0) - 1)
  const lostRanges = await store.lostRanges(maxLost, { log, ...query })
  if (lostRanges.length === maxLost) end = Math.min(end, lostRanges.at(-1)?.last ?? end)
  if (end < first) return undefined
  const exceptions: ReceiptRange[] = []
  for (const lost of lostRanges) {
    if (lost.last < first || lost.first > end) continue
    const part = { log, first: Math.max(first, lost.first), last: Math.min(end, lost.last) }
    exceptions.push({ ...part, outcome: 'lost', reason: lostReason })
  }
  if (state.isFrozen && state.stored <= end) {
    const from = Math.max(first, state.stored)
    exceptions.push({ log, first: from, last: end, outcome: 'rejected', reason: 'frozen' })
  }
  return { end, exceptions }
}

/** The whole of a range: what is not excepted has entered. */
export function withEntered(whole: LogRange, exceptions: readonly ReceiptRange[]): ReceiptRange[] {
  const ranges: ReceiptRange[] = []
  let next = whole.first
  const entered = (last: number) => {
    if (next <= last) ranges.push({ log: whole.log, first: next, last, outcome: 'entered', reason: '' })
  }
  for (const range of [...exceptions].sort((a, b) => a.first - b.first)) {
    if (range.first < next) continue
    entered(range.first - 1)
    ranges.push(range)
    next = range.last + 1
  }
  entered(whole.last)
  return ranges
}
