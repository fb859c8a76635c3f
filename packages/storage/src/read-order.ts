import type { ArrivalOrder } from './arrival-order.ts'
import type { ArrivalReader, ReadOptions } from './arrival-reader.ts'
import { isAbout, type StoredEntry } from './stored-entry.ts'

/** Entries of the order as it is now: from memory if all of them are there, else from the disk. */
export function readOrder(
  { order, reader }: { order: ArrivalOrder; reader: ArrivalReader },
  options: ReadOptions,
): AsyncGenerator<StoredEntry> {
  const { from = 0, type, reverse = false } = options
  const range = { ...options, to: Math.min(options.to ?? order.end, order.end) }
  // Nothing, also inside a batch.
  if (from >= range.to) return pick([], range)
  const recent = type === undefined && !reverse ? order.tail.from(from) : undefined
  return recent === undefined ? reader.read(range) : pick(recent, range)
}

async function* pick(
  recent: readonly StoredEntry[],
  { to, channel, sender, signal }: ReadOptions & { readonly to: number },
): AsyncGenerator<StoredEntry> {
  for (const entry of recent) {
    if (entry.position >= to) return
    if (!isAbout(entry, channel, sender)) continue
    signal?.throwIfAborted()
    yield entry
  }
}
