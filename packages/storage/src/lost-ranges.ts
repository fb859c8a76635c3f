import {
  decodeLogId,
  encodeLogId,
  HASH_BYTES,
  LOG_ID_BYTES,
  type LogId,
  type LogRange,
  ZERO_HASH,
} from '@pastel-mesh/protocol'
import type { ArrivalReader } from './arrival-reader.ts'
import type { Database, Operation } from './database.ts'
import { arrivalKey, LOST_RANGES, lostKey, positionOf, readNumber, writeNumber } from './keys.ts'
import type { LogNames } from './log-state.ts'
import type { LogTable } from './log-table.ts'

/** A range that the order went on without, and what of it turned up since. */
export interface LostRange {
  readonly log: LogId
  readonly bytes: Uint8Array
  readonly first: number
  readonly last: number
  /** Position of the arrival entry that says so. */
  readonly lostAt: number
  /** Everything of it below has turned up. */
  readonly next: number
  /** SHA-256 of the batch before `next`; absent: not known. */
  readonly previous?: Uint8Array
  /** Whether peers are asked for it; what is older than the wanted history is not. */
  readonly isWanted: boolean
  /** It is before something that is kept for somebody else's inbox: it stays while entries around it go. */
  readonly isCarried?: boolean
}

const WANTED = 1
const CARRIED = 2

/** Which lost ranges are looked for. @default all */
export interface LostQuery {
  /** Only those of one log. */
  readonly log?: LogId
  /** Only those behind one that an earlier answer named last. */
  readonly after?: LogRange
  /**
   * Those from before the wanted history as well, if what comes behind was created then or later, in ms since 1970: a
   * longer history is wanted than when they were given up. @default none of them
   */
  readonly sinceMs?: number
}

/**
 * The lost ranges, on disk: few, and looked at only when something turns up where nothing is. A range goes with the
 * entry that says so, also if a part of it was written anew while retention removed that.
 */
export class LostRanges {
  readonly #database: Database
  readonly #reader: ArrivalReader
  readonly #logs: LogTable
  #removals = 0

  constructor(components: { database: Database; reader: ArrivalReader; logs: LogTable }) {
    this.#database = components.database
    this.#reader = components.reader
    this.#logs = components.logs
  }

  /** Changes when entries that say so begin to be removed: what was found before may go with them. */
  get removals(): number {
    return this.#removals
  }

  /** Entries that say so are removed, in the commit that is being put together. */
  removing(): void {
    this.#removals += 1
  }

  /** Whether the entry that says so is still there. Of what is carried that goes by the range itself. */
  async #isKept({ lostAt, isCarried }: LostRange): Promise<boolean> {
    return isCarried === true || (await this.#database.get(arrivalKey(lostAt))) !== undefined
  }

  /** The lost range that has a position of a log. */
  async find(
    { id, bytes }: Pick<LogNames, 'id' | 'bytes'>,
    position: number,
  ): Promise<LostRange | undefined> {
    const range = { gte: lostKey(bytes, 0), lte: lostKey(bytes, position), reverse: true, limit: 1 }
    for await (const [key, value] of this.#database.iterate(range)) {
      const lost = decode(id, bytes, positionOf(key), value)
      return position <= lost.last && (await this.#isKept(lost)) ? lost : undefined
    }
    return undefined
  }

  /** Some of the ranges that may still turn up. */
  async wanted(limit: number, { log: only, after, sinceMs }: LostQuery = {}): Promise<LogRange[]> {
    const ranges: LogRange[] = []
    const from = only === undefined ? LOST_RANGES.gte : lostKey(decodeLogId(only), 0)
    const to = only === undefined ? LOST_RANGES.lt : lostKey(decodeLogId(only), Number.MAX_SAFE_INTEGER)
    const begin = after === undefined ? from : lostKey(decodeLogId(after.log), after.last)
    for await (const [key, value] of this.#database.iterate({ gte: begin, lte: to })) {
      // It begins where the one before ends: only a range of one position does, and that was named.
      if (after !== undefined && key.equals(begin)) continue
      const bytes = key.subarray(1, 1 + LOG_ID_BYTES)
      const lost = decode(encodeLogId(bytes), bytes, positionOf(key), value)
      if ((lost.isWanted || (await this.#endsSince(lost, sinceMs))) && (await this.#isKept(lost)))
        ranges.push({ log: lost.log, first: lost.next, last: lost.last })
      if (ranges.length === limit) break
    }
    return ranges
  }

  /** Whether what comes behind a range was created at a time or later. */
  async #endsSince({ log, bytes, last }: LostRange, sinceMs: number | undefined): Promise<boolean> {
    if (sinceMs === undefined) return false
    let behind = await this.#reader.batchWithin(bytes, last + 1, last + 1)
    if (behind === undefined) {
      const { successor } = (await this.#logs.load(log, bytes)) ?? {}
      if (successor !== undefined) behind = await this.#reader.batchWithin(successor.log, 0, 0)
    }
    return behind !== undefined && behind.signed.batch.createdAtMs >= sinceMs
  }

  put(lost: LostRange): Operation {
    const fixed = Buffer.allocUnsafe(25)
    writeNumber(fixed, lost.last, 0)
    writeNumber(fixed, lost.lostAt, 8)
    writeNumber(fixed, lost.next, 16)
    fixed[24] = (lost.isWanted ? WANTED : 0) | (lost.isCarried === true ? CARRIED : 0)
    const value = Buffer.concat([fixed, lost.previous ?? ZERO_HASH])
    return { type: 'put', key: lostKey(lost.bytes, lost.first), value }
  }

  /** A part of a range turned up, `first` to `end` - 1: what is before and behind it is still lost. */
  take(lost: LostRange, first: number, end: number, hash: Uint8Array): Operation[] {
    if (first === lost.next) {
      if (end > lost.last) return [{ type: 'del', key: lostKey(lost.bytes, lost.first) }]
      return [this.put({ ...lost, next: end, previous: hash })]
    }
    const before = this.put({ ...lost, last: first - 1 })
    if (end > lost.last) return [before]
    return [before, this.put({ ...lost, first: end, next: end, previous: hash })]
  }

  /** Whether some of the positions `first` to `last` of a log are lost. */
  async hasAny(names: Pick<LogNames, 'id' | 'bytes'>, first: number, last: number): Promise<boolean> {
    if ((await this.find(names, first)) !== undefined) return true
    const range = { gte: lostKey(names.bytes, first), lte: lostKey(names.bytes, last) }
    for await (const [key, value] of this.#database.iterate(range)) {
      if (await this.#isKept(decode(names.id, names.bytes, positionOf(key), value))) return true
    }
    return false
  }

  /** Forgets what of a range may still turn up. */
  async deleteWithin({ log, first, last }: LogRange): Promise<Operation[]> {
    const bytes = decodeLogId(log)
    const operations: Operation[] = []
    for await (const [key] of this.#database.iterate({
      gte: lostKey(bytes, first),
      lte: lostKey(bytes, last),
    })) {
      operations.push({ type: 'del', key })
    }
    return operations
  }
}

function decode(log: LogId, bytes: Uint8Array, first: number, value: Buffer): LostRange {
  const previous = value.subarray(25, 25 + HASH_BYTES)
  const flags = value[24] as number
  return {
    log,
    bytes,
    first,
    last: readNumber(value, 0),
    lostAt: readNumber(value, 8),
    next: readNumber(value, 16),
    isWanted: (flags & WANTED) !== 0,
    ...((flags & CARRIED) === 0 ? {} : { isCarried: true }),
    ...(previous.equals(ZERO_HASH) ? {} : { previous }),
  }
}
