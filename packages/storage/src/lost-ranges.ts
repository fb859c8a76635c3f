import {
  encodeLogId,
  HASH_BYTES,
  LOG_ID_BYTES,
  type LogId,
  type LogRange,
  ZERO_HASH,
} from '@pastel-mesh/protocol'
import type { Database, Operation } from './database.ts'
import { LOST_RANGES, lostKey, positionOf, readNumber, writeNumber } from './keys.ts'
import type { LogNames } from './log-state.ts'

/** A range that the order went on without, and what of it turned up since. */
export interface LostRange {
  readonly log: LogId
  readonly bytes: Uint8Array
  readonly first: number
  readonly last: number
  /** Position of the arrival entry that says so. */
  readonly lostAt: number
  /** Position of the next late message: it turns up in sequence as well. */
  readonly next: number
  /** SHA-256 of the batch before `next`; absent: not known. */
  readonly previous?: Uint8Array
  /** Whether peers are asked for it; what is older than the wanted history is not. */
  readonly isWanted: boolean
}

/** The lost ranges, on disk: few, and looked at only when something turns up where nothing is. */
export class LostRanges {
  readonly #database: Database

  constructor(components: { database: Database }) {
    this.#database = components.database
  }

  /** The lost range that has a position of a log. */
  async find(
    { id, bytes }: Pick<LogNames, 'id' | 'bytes'>,
    position: number,
  ): Promise<LostRange | undefined> {
    const range = { gte: lostKey(bytes, 0), lte: lostKey(bytes, position), reverse: true, limit: 1 }
    for await (const [key, value] of this.#database.iterate(range)) {
      const lost = decode(id, bytes, positionOf(key), value)
      return position <= lost.last ? lost : undefined
    }
    return undefined
  }

  /** Some of the ranges that may still turn up. */
  async wanted(limit: number): Promise<LogRange[]> {
    const ranges: LogRange[] = []
    for await (const [key, value] of this.#database.iterate(LOST_RANGES)) {
      const bytes = key.subarray(1, 1 + LOG_ID_BYTES)
      const { log, next, last, isWanted } = decode(encodeLogId(bytes), bytes, positionOf(key), value)
      if (isWanted) ranges.push({ log, first: next, last })
      if (ranges.length === limit) break
    }
    return ranges
  }

  put(lost: LostRange): Operation {
    const fixed = Buffer.allocUnsafe(25)
    writeNumber(fixed, lost.last, 0)
    writeNumber(fixed, lost.lostAt, 8)
    writeNumber(fixed, lost.next, 16)
    fixed[24] = lost.isWanted ? 1 : 0
    const value = Buffer.concat([fixed, lost.previous ?? ZERO_HASH])
    return { type: 'put', key: lostKey(lost.bytes, lost.first), value }
  }

  /** More of a range turned up: the rest of it is still lost. */
  advance(lost: LostRange, next: number, previous: Uint8Array): Operation {
    if (next > lost.last) return { type: 'del', key: lostKey(lost.bytes, lost.first) }
    return this.put({ ...lost, next, previous })
  }
}

function decode(log: LogId, bytes: Uint8Array, first: number, value: Buffer): LostRange {
  const previous = value.subarray(25, 25 + HASH_BYTES)
  return {
    log,
    bytes,
    first,
    last: readNumber(value, 0),
    lostAt: readNumber(value, 8),
    next: readNumber(value, 16),
    isWanted: value[24] === 1,
    ...(previous.equals(ZERO_HASH) ? {} : { previous }),
  }
}
