import type { ArrivalOrder } from './arrival-order.ts'
import type { ArrivalReader } from './arrival-reader.ts'
import { type ArrivalRecord, encodeArrival, sizeOfArrival } from './arrival-record.ts'
import type { CommitWriter } from './commit-writer.ts'
import type { Operation } from './database.ts'
import { deleteEntry } from './entry-operations.ts'
import { arrivalKey } from './keys.ts'
import type { OrderCommit, Share } from './order-commit.ts'
import { toStoredEntry } from './stored-entry.ts'
import type { Undelivered } from './undelivered.ts'
import type { Underway } from './underway-record.ts'

/** What was removed. */
interface Removed {
  readonly sizeBytes: number
  readonly count: number
  /** The position behind it. */
  readonly end: number
  readonly operations: readonly Operation[]
  /** Its place, which stays, is nobody's. */
  readonly share: Share
}

/**
 * Removes what was carried for others and is delivered or has expired, wherever it stands in the order: its place stays,
 * so that no cursor loses the history that it is in. Own batches stay as well, and are not kept for anybody any more.
 */
export async function removeDue(
  parts: {
    undelivered: Undelivered
    reader: ArrivalReader
    writer: CommitWriter
    commit: OrderCommit
    order: ArrivalOrder
  },
  nowMs: number,
): Promise<{ entries: number; sizeBytes: number }> {
  const { undelivered, reader, writer, commit, order } = parts
  let entries = 0
  let sizeBytes = 0
  await undelivered.forEachDue(nowMs, async (due) => {
    const removed: Removed[] = []
    for (const underway of due) {
      const one = underway.isOwn ? undefined : await findRemoved(underway, reader)
      if (one !== undefined) removed.push(one)
    }
    const released = {
      sizeBytes: removed.reduce((sum, one) => sum + one.sizeBytes, 0),
      batches: removed.length,
      messages: removed.reduce((sum, { count }) => sum + count, 0),
    }
    await writer.commit((group) => {
      for (const { operations } of removed) group.push(...operations)
      for (const underway of due) undelivered.remove(underway, group)
      if (removed.length > 0)
        commit.release(
          released,
          removed.map(({ share }) => share),
          group,
        )
    })
    // Memory must not show what is gone.
    for (const { end } of removed) order.tail.dropBefore(end)
    entries += removed.length
    sizeBytes += released.sizeBytes
  })
  return { entries, sizeBytes }
}

async function findRemoved({ position }: Underway, reader: ArrivalReader): Promise<Removed | undefined> {
  const record = await reader.entryAt(position)
  const entry = record === undefined ? undefined : toStoredEntry(record)
  if (record === undefined || entry?.kind !== 'batch') return undefined
  const place: ArrivalRecord = { ...record, kind: 'removed', body: Buffer.alloc(0) }
  return {
    sizeBytes: sizeOfArrival(record) - sizeOfArrival(place),
    count: record.count,
    end: record.position + record.count,
    share: { sender: entry.signed.batch.sender, sizeBytes: sizeOfArrival(record) },
    operations: [
      ...deleteEntry(entry),
      { type: 'put', key: arrivalKey(position), value: encodeArrival(place) },
    ],
  }
}
