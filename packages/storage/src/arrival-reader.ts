import { decodeLogId, encodeLogId, type LogRange, parseMessageId } from '@pastel-mesh/protocol'
import { type ArrivalRecord, decodeArrival } from './arrival-record.ts'
import type { Earlier } from './chain.ts'
import type { Database, RangeOptions } from './database.ts'
import { fetchEntries } from './fetch-entries.ts'
import { decodeLogPosition, type LogPositionRecord } from './index-record.ts'
import { ARRIVALS, pickIndex, type ScanEntry, scanChunks } from './index-scan.ts'
import { arrivalKey, logPositionKey, positionOf } from './keys.ts'
import { type StoredBatch, type StoredEntry, toStoredEntry } from './stored-entry.ts'
import { scanType } from './type-index.ts'

/** What to follow of the arrival order. */
export interface FollowOptions {
  /** First position to read; it may lie inside a batch. @default 0 */
  readonly from?: number
  /** Only what is about this channel. */
  readonly channel?: string
  /** Only what is about this sender (57-byte public key). */
  readonly sender?: Uint8Array
  readonly signal?: AbortSignal
}

/** What to read of the arrival order. */
export interface ReadOptions extends FollowOptions {
  /** Positions below this one only. @default the end of the order */
  readonly to?: number
  /** Only batches that hold a message of this type: they may hold others beside it. Nothing is said of what is lost. */
  readonly type?: string
  /** From the newest to the oldest. @default false */
  readonly reverse?: boolean
  /** Messages that the reader will take, so that not many more are read ahead. Reading does not end there. */
  readonly wanted?: number
}

/** Index entries read at once for a page: about as many as the database gives. */
const MAX_READ_AHEAD = 128

/** Reads the arrival order by position, channel, sender, type or log. */
export class ArrivalReader {
  readonly #database: Database

  constructor(components: { database: Database }) {
    this.#database = components.database
  }

  /**
   * Entries of the order; whole batches, so the first or last may hold positions outside of what was asked. They are
   * those of when the first comes, without what was removed since.
   * @param onMissing called where something was removed since, before what comes behind it
   */
  async *read(
    options: ReadOptions & { readonly to: number },
    onMissing?: () => void,
  ): AsyncGenerator<StoredEntry> {
    const { type, channel, sender } = options
    const readAhead = Math.min(options.wanted ?? 1, MAX_READ_AHEAD)
    const range = { ...options, from: options.from ?? 0, readAhead }
    const index = pickIndex(channel, sender)
    const entries =
      type === undefined
        ? scanChunks(this.#database, index, range)
        : scanType(this.#database, { type, channel, sender }, range)
    if (type === undefined && index === ARRIVALS) {
      for await (const chunk of entries) {
        for (const { position, value } of chunk) {
          const entry = toStoredEntry(decodeArrival(position, value))
          if (entry !== undefined) yield entry
        }
      }
      return
    }
    for await (const fetched of fetchEntries(this.#database, entries, options.wanted)) {
      for (const entry of fetched) {
        if (entry === undefined) onMissing?.()
        else yield entry
      }
    }
  }

  /** The order as it is stored, the places of removed batches included. */
  async *records({
    from = 0,
    to,
    signal,
  }: Pick<ReadOptions, 'from' | 'signal'> & { to: number }): AsyncGenerator<ArrivalRecord> {
    const range = { from, to, ...(signal === undefined ? {} : { signal }) }
    for await (const chunk of scanChunks(this.#database, ARRIVALS, range)) {
      for (const { position, value } of chunk) yield decodeArrival(position, value)
    }
  }

  /** The batches of one log that hold positions of a range, in order, as far as they are stored. */
  async *readLog({ log, first, last }: LogRange): AsyncGenerator<StoredBatch> {
    if (first > last) return
    const bytes = decodeLogId(log)
    const from = (await this.#containing(bytes, first)) ?? first
    const range = { gte: logPositionKey(bytes, from), lte: logPositionKey(bytes, last) }
    for await (const fetched of fetchEntries(this.#database, this.#logIndex(range))) {
      for (const entry of fetched) if (entry?.kind === 'batch') yield entry
    }
  }

  /** Where the batch of a log that begins at a position stands. */
  async logPosition(log: Uint8Array, first: number): Promise<LogPositionRecord | undefined> {
    const value = await this.#database.get(logPositionKey(log, first))
    return value === undefined ? undefined : decodeLogPosition(value)
  }

  /** The first batch of a log that has some of the positions `first` to `last`. */
  async batchWithin(log: Uint8Array, first: number, last: number): Promise<StoredBatch | undefined> {
    for await (const batch of this.readLog({ log: encodeLogId(log), first, last })) return batch
    return undefined
  }

  /** What is stored at the place behind which a run says that it goes on. */
  async batchEndingAt(log: Uint8Array, last: number): Promise<Earlier> {
    const found = await this.batchWithin(log, last, last)
    if (found === undefined) return { kind: 'nothing' }
    const { batch, hash } = found.signed
    if (batch.first + batch.count - 1 > last) return { kind: 'inside' }
    return { kind: 'batch', hash, createdAtMs: batch.createdAtMs }
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
    // Most entries that are looked for begin there, and a value costs a third of an iteration.
    const value = await this.#database.get(arrivalKey(position))
    if (value !== undefined) return decodeArrival(position, value)
    const range = { gte: arrivalKey(0), lte: arrivalKey(position), reverse: true, limit: 1 }
    for await (const [key, value] of this.#database.iterate(range)) {
      const entry = decodeArrival(positionOf(key), value)
      return entry.position + entry.count > position ? entry : undefined
    }
    return undefined
  }

  /** The entry that holds a position, or if that was removed, the next. */
  async entryFrom(position: number): Promise<ArrivalRecord | undefined> {
    const entry = await this.entryAt(position)
    if (entry !== undefined) return entry
    const range = { gte: arrivalKey(position), lte: arrivalKey(Number.MAX_SAFE_INTEGER), limit: 1 }
    for await (const [key, value] of this.#database.iterate(range)) {
      return decodeArrival(positionOf(key), value)
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

  async *#logIndex(range: RangeOptions): AsyncGenerator<Pick<ScanEntry, 'position' | 'count'>[]> {
    for await (const entries of this.#database.iterateChunks(range)) {
      yield entries.map(([, value]) => {
        const { arrival, count } = decodeLogPosition(value)
        return { position: arrival, count }
      })
    }
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
