import { decodeLogId, type LogRange, parseMessageId } from '@pastel-mesh/protocol'
import type { Database } from './database.ts'
import { ARRIVALS, pickIndex, scan } from './index-scan.ts'
import { arrivalKey, logPositionKey, positionOf } from './keys.ts'
import { type ArrivalRecord, decodeArrival, decodeLogPosition } from './records.ts'
import { type StoredBatch, toStoredBatch } from './stored-batch.ts'

/** What to follow of the arrival order. */
export interface FollowOptions {
  /** First position to read; it may lie inside a batch. @default 0 */
  readonly from?: number
  /** Only batches of this channel. */
  readonly channel?: string
  /** Only batches of this sender (57-byte public key). */
  readonly sender?: Uint8Array
  readonly signal?: AbortSignal
}

/** What to read of the arrival order. */
export interface ReadOptions extends FollowOptions {
  /** Positions below this one only. @default the end of the order */
  readonly to?: number
  /** From the newest to the oldest. @default false */
  readonly reverse?: boolean
}

/** Batches fetched at once: bounds what a page of the largest batches holds in memory to some 16 MiB. */
const FETCH_BATCHES = 32

/** Reads the arrival order by position, channel, sender or log. */
export class ArrivalReader {
  readonly #database: Database

  constructor(components: { database: Database }) {
    this.#database = components.database
  }

  /** Entries of the order; whole batches, so the first or last may hold positions outside of what was asked. */
  async *read(options: ReadOptions & { readonly to: number }): AsyncGenerator<StoredBatch> {
    const index = pickIndex(options.channel, options.sender)
    const entries = scan(this.#database, index, { ...options, from: options.from ?? 0 })
    if (index === ARRIVALS) {
      for await (const { position, value } of entries) yield toStoredBatch(decodeArrival(position, value))
      return
    }
    let positions: number[] = []
    for await (const { position } of entries) {
      positions.push(position)
      if (positions.length === FETCH_BATCHES) {
        yield* await this.#fetch(positions)
        positions = []
      }
    }
    yield* await this.#fetch(positions)
  }

  /** The batches of one log that hold positions of a range, in order, as far as they are stored. */
  async *readLog({ log, first, last }: LogRange): AsyncGenerator<StoredBatch> {
    if (first > last) return
    const bytes = decodeLogId(log)
    const from = (await this.#containing(bytes, first)) ?? first
    const range = { gte: logPositionKey(bytes, from), lte: logPositionKey(bytes, last) }
    let positions: number[] = []
    for await (const [, value] of this.#database.iterate(range)) {
      positions.push(decodeLogPosition(value).arrival)
      if (positions.length === FETCH_BATCHES) {
        yield* await this.#fetch(positions)
        positions = []
      }
    }
    yield* await this.#fetch(positions)
  }

  /** The batch that holds a message; undefined if it is not stored. */
  async findMessage(id: string): Promise<{ stored: StoredBatch; index: number } | undefined> {
    const { log, position } = parseMessageId(id)
    for await (const stored of this.readLog({ log, first: position, last: position })) {
      return { stored, index: position - stored.signed.batch.first }
    }
    return undefined
  }

  /** The entry that holds a position of the arrival order. */
  async entryAt(position: number): Promise<ArrivalRecord | undefined> {
    const range = { from: position, to: position + 1 }
    for await (const entry of scan(this.#database, ARRIVALS, range)) {
      return decodeArrival(entry.position, entry.value)
    }
    return undefined
  }

  /** The last entry of the order. */
  async lastEntry(): Promise<ArrivalRecord | undefined> {
    const range = { gte: arrivalKey(0), lte: arrivalKey(Number.MAX_SAFE_INTEGER), reverse: true, limit: 1 }
    for await (const [key, value] of this.#database.iterate(range)) {
      return decodeArrival(positionOf(key), value)
    }
    return undefined
  }

  async #fetch(positions: readonly number[]): Promise<StoredBatch[]> {
    if (positions.length === 0) return []
    const values = await this.#database.getMany(positions.map(arrivalKey))
    const found: StoredBatch[] = []
    for (const [i, value] of values.entries()) {
      if (value !== undefined) found.push(toStoredBatch(decodeArrival(positions[i] as number, value)))
    }
    return found
  }

  /** First position of the batch of a log that holds `position`. */
  async #containing(log: Uint8Array, position: number): Promise<number | undefined> {
    const range = { gte: logPositionKey(log, 0), lte: logPositionKey(log, position), reverse: true, limit: 1 }
    for await (const [key, value] of this.#database.iterate(range)) {
      const first = positionOf(key)
      return position < first + decodeLogPosition(value).count ? first : undefined
    }
    return undefined
  }
}
