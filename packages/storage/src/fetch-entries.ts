import { decodeArrival } from './arrival-record.ts'
import type { Database } from './database.ts'
import type { ScanEntry } from './index-scan.ts'
import { arrivalKey } from './keys.ts'
import { type StoredEntry, toStoredEntry } from './stored-entry.ts'

/** Bytes of entries that are fetched together, as far as those before them tell: bounds what a page holds in memory. */
const MAX_FETCH_BYTES = 16 * 1024 * 1024
/** Entries of the first fetch: 16 MiB if they are the largest there are. */
const FIRST_FETCH_ENTRIES = 32
const MAX_FETCH_ENTRIES = 128
/** Looked up one after the other by one thread; the slices of a fetch go side by side. */
const SLICE_ENTRIES = 16

/**
 * The entries that an index names, fetched some at a time; they are decoded as they are taken. Undefined for one that
 * was removed since the index was read.
 * @param wanted messages that the reader will take as far as one knows: not many more are fetched
 */
export async function* fetchEntries(
  database: Database,
  index: AsyncIterable<readonly Pick<ScanEntry, 'position' | 'count'>[]>,
  wanted: number = Number.POSITIVE_INFINITY,
): AsyncGenerator<Iterable<StoredEntry | undefined>> {
  let maxEntries = FIRST_FETCH_ENTRIES
  let expected = wanted
  let maxMessages = expected
  let messages = 0
  let positions: number[] = []
  for await (const entries of index) {
    for (const { position, count } of entries) {
      positions.push(position)
      messages += count
      if (positions.length < maxEntries && messages < maxMessages) continue
      const values = await fetchValues(database, positions)
      yield decodeAll(positions, values)
      const sizeBytes = values.reduce((sum, value) => sum + (value?.length ?? 0), 1)
      const fitting = Math.floor((MAX_FETCH_BYTES * positions.length) / sizeBytes)
      maxEntries = Math.max(1, Math.min(MAX_FETCH_ENTRIES, fitting))
      if (messages < maxMessages) maxMessages -= messages
      else {
        // Not all that came was what the reader looks for: more is needed than it seemed.
        expected *= 2
        maxMessages = expected
      }
      messages = 0
      positions = []
    }
  }
  yield decodeAll(positions, await fetchValues(database, positions))
}

async function fetchValues(
  database: Database,
  positions: readonly number[],
): Promise<(Buffer | undefined)[]> {
  const slices: Promise<(Buffer | undefined)[]>[] = []
  for (let at = 0; at < positions.length; at += SLICE_ENTRIES) {
    slices.push(database.getMany(positions.slice(at, at + SLICE_ENTRIES).map(arrivalKey)))
  }
  return (await Promise.all(slices)).flat()
}

/** One by one: a reader that has enough pays for no more. */
function* decodeAll(
  positions: readonly number[],
  values: readonly (Buffer | undefined)[],
): Generator<StoredEntry | undefined> {
  for (const [i, value] of values.entries()) {
    if (value === undefined) {
      yield undefined
      continue
    }
    const entry = toStoredEntry(decodeArrival(positions[i] as number, value))
    if (entry !== undefined) yield entry
  }
}
