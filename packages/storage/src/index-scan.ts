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
  /** Entries to read at once later, at most. @default 1000 */
  readonly maxReadAhead?: number
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

/** The entries that hold positions of a range, in chunks: the first of them may begin before it. */
export async function* scanChunks(
  database: Database,
  { prefix, countOf }: Index,
  { from, to, reverse = false, beginsAtFrom = false, readAhead = 1, maxReadAhead, signal }: ScanRange,
): AsyncGenerator<ScanEntry[]> {
  signal?.throwIfAborted()
  if (from >= to) return
  let first = from
  if (from > 0 && !beginsAtFrom) {
    const range = { gte: numbered(prefix, 0), lte: numbered(prefix, from), reverse: true, limit: 1 }
    for await (const [key, value] of database.iterate(range)) {
      if (positionOf(key) + countOf(value) > from) first = positionOf(key)
    }
  }
  const ahead = { readAhead, ...(maxReadAhead === undefined ? {} : { maxReadAhead }) }
  const range = { gte: numbered(prefix, first), lt: numbered(prefix, to), reverse, ...ahead }
  for await (const entries of database.iterateChunks(range)) {
    signal?.throwIfAborted()
    yield entries.map(([key, value]) => ({ position: positionOf(key), count: countOf(value), value }))
  }
}

/** The same, one by one. */
export async function* scan(database: Database, index: Index, range: ScanRange): AsyncGenerator<ScanEntry> {
  for await (const chunk of scanChunks(database, index, range)) for (const entry of chunk) yield entry
}

/** Where a scan stands that is merged with others. */
interface Front {
  readonly scan: AsyncGenerator<ScanEntry[]>
  chunk: readonly ScanEntry[]
  at: number
}

/** Several scans of the same direction as one, in the order of positions. */
export async function* mergeScans(
  scans: readonly AsyncGenerator<ScanEntry[]>[],
  { reverse = false }: Pick<ScanRange, 'reverse'> = {},
): AsyncGenerator<ScanEntry[]> {
  const sign = reverse ? -1 : 1
  try {
    let fronts: Front[] = scans.map((scan) => ({ scan, chunk: [], at: 0 }))
    for (;;) {
      await Promise.all(fronts.filter(isUsedUp).map(refill))
      fronts = fronts.filter((front) => !isUsedUp(front))
      if (fronts.length === 0) return
      yield takeMerged(fronts, sign)
    }
  } finally {
    await Promise.all(scans.map((scan) => scan.return(undefined)))
  }
}

function isUsedUp({ chunk, at }: Front): boolean {
  return at === chunk.length
}

async function refill(front: Front): Promise<void> {
  const { done, value } = await front.scan.next()
  front.chunk = done === true ? [] : value
  front.at = 0
}

/** What comes next, until one of the scans has to be asked for more. */
function takeMerged(fronts: readonly Front[], sign: 1 | -1): ScanEntry[] {
  const [only] = fronts as [Front]
  if (fronts.length === 1) {
    const rest = only.chunk.slice(only.at)
    only.at = only.chunk.length
    return rest
  }
  const taken: ScanEntry[] = []
  for (;;) {
    let first = only
    for (const front of fronts) if (positionAt(front) * sign < positionAt(first) * sign) first = front
    taken.push(first.chunk[first.at] as ScanEntry)
    first.at += 1
    if (isUsedUp(first)) return taken
  }
}

function positionAt({ chunk, at }: Front): number {
  return (chunk[at] as ScanEntry).position
}
