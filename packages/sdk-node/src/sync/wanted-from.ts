import type { LogRange } from '@pastel-mesh/protocol'
import type { MessageStore, StoredBatch } from '@pastel-mesh/storage'

/**
 * Where a range begins for a reader that has nothing of the log and wants what was created at a time or later: at the
 * last batch before. Batches of a log never become older, so a few looks find it, however long the log is.
 */
export async function wantedFrom(range: LogRange, sinceMs: number, store: MessageStore): Promise<number> {
  const { log, first, last } = range
  if (first > 0 || sinceMs === 0) return first
  // Most of what is asked for is younger than what is wanted: one look tells.
  const oldest = await firstOf(store.readLog({ log, first: 0, last: 0 }))
  if (oldest !== undefined && oldest.signed.batch.createdAtMs >= sinceMs) return 0
  let low = 0
  let high = last + 1
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    const found =
      (await firstOf(store.readLog({ log, first: middle, last: middle }))) ??
      // Nothing is there: what is behind tells as much.
      (await firstOf(store.readLog({ log, first: middle, last })))
    if (found === undefined || found.signed.batch.createdAtMs >= sinceMs) high = middle
    else low = Math.max(middle, found.signed.batch.first)
  }
  return low
}

async function firstOf(batches: AsyncIterable<StoredBatch>): Promise<StoredBatch | undefined> {
  for await (const batch of batches) return batch
  return undefined
}
