import { countOfArrival } from './arrival-record.ts'
import type { Database } from './database.ts'
import { decodeIndex } from './index-record.ts'
import {
  ARRIVAL_PREFIX,
  channelPrefix,
  numbered,
  positionOf,
  senderChannelPrefix,
  senderPrefix,
} from './keys.ts'

/** Part of the database whose keys end with arrival positions. */
export interface Index {
  readonly prefix: Buffer
  /** Positions that an entry takes. */
  readonly countOf: (value: Buffer) => number
}

export interface ScanRange {
  readonly from: number
  /** Not included. */
  readonly to: number
  /** @default false */
  readonly reverse?: boolean
  /** Nothing that begins before `from` reaches over it. @default false */
  readonly beginsAtFrom?: boolean
  /** Entries to read at once first. @default 1 */
  readonly readAhead?: number
  readonly signal?: AbortSignal
}

export interface ScanEntry {
  readonly position: number
  /** Positions that it takes. */
  readonly count: number
  readonly value: Buffer
}

/** The arrival order itself. */
export const ARRIVALS: Index = { prefix: ARRIVAL_PREFIX, countOf: countOfArrival }

/** The index with all batches of a channel, a sender, or both; the arrival order if neither is given. */
export function pickIndex(channel: string | undefined, sender: Uint8Array | undefined): Index {
  const countOf = (value: Buffer) => decodeIndex(value).count
  if (channel === undefined)
    return sender === undefined ? ARRIVALS : { prefix: senderPrefix(sender), countOf }
  return {
    prefix: sender === undefined ? channelPrefix(channel) : senderChannelPrefix(sender, channel),
    countOf,
  }
}

/** The entries that hold positions of a range: the first of them may begin before it. */
export async function* scan(
  database: Database,
  { prefix, countOf }: Index,
  { from, to, reverse = false, beginsAtFrom = false, readAhead = 1, signal }: ScanRange,
): AsyncGenerator<ScanEntry> {
  signal?.throwIfAborted()
  if (from >= to) return
  let first = from
  if (from > 0 && !beginsAtFrom) {
    const range = { gte: numbered(prefix, 0), lte: numbered(prefix, from), reverse: true, limit: 1 }
    for await (const [key, value] of database.iterate(range)) {
      if (positionOf(key) + countOf(value) > from) first = positionOf(key)
    }
  }
  const range = { gte: numbered(prefix, first), lt: numbered(prefix, to), reverse, readAhead }
  for await (const [key, value] of database.iterate(range)) {
    signal?.throwIfAborted()
    yield { position: positionOf(key), count: countOf(value), value }
  }
}

/** Several scans of the same direction as one, in the order of positions. */
export async function* mergeScans(
  scans: readonly AsyncGenerator<ScanEntry>[],
  { reverse = false }: Pick<ScanRange, 'reverse'> = {},
): AsyncGenerator<ScanEntry> {
  const sign = reverse ? -1 : 1
  try {
    const fronts = await Promise.all(scans.map((entries) => entries.next()))
    for (;;) {
      let first = -1
      let lowest = Number.POSITIVE_INFINITY
      for (const [i, front] of fronts.entries()) {
        if (front.done === true || front.value.position * sign >= lowest) continue
        first = i
        lowest = front.value.position * sign
      }
      if (first === -1) return
      yield (fronts[first] as IteratorYieldResult<ScanEntry>).value
      fronts[first] = await (scans[first] as AsyncGenerator<ScanEntry>).next()
    }
  } finally {
    await Promise.all(scans.map((entries) => entries.return(undefined)))
  }
}
