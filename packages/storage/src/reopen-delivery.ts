import type { LogRange } from '@pastel-mesh/protocol'
import type { ArrivalReader } from './arrival-reader.ts'
import type { StoredBatch } from './stored-entry.ts'
import type { Undelivered } from './undelivered.ts'

/** Batches that are looked at together. */
const CHUNK = 128

/**
 * What is stored of some ranges of logs to inboxes, and has not expired, has to get there after all.
 * @returns the batches' ranges of which nothing more was to be done before
 */
export async function reopenDelivery(
  ranges: readonly LogRange[],
  own: Uint8Array,
  { reader, undelivered }: { reader: ArrivalReader; undelivered: Undelivered },
): Promise<LogRange[]> {
  const again: LogRange[] = []
  const reopen = async (batches: readonly StoredBatch[]) => {
    for (const { signed } of await undelivered.reopen(batches, own)) {
      const { first, count } = signed.batch
      again.push({ log: signed.log, first, last: first + count - 1 })
    }
  }
  for (const range of ranges) {
    let batches: StoredBatch[] = []
    for await (const batch of reader.readLog(range)) {
      const { expiresAtMs } = batch.signed.batch
      if (expiresAtMs !== 0 && expiresAtMs <= Date.now()) continue
      batches.push(batch)
      if (batches.length < CHUNK) continue
      await reopen(batches)
      batches = []
    }
    if (batches.length > 0) await reopen(batches)
  }
  return again
}
