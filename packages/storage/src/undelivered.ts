import { encodePastelId } from '@pastel-mesh/identity'
import {
  type Batch,
  decodeLogId,
  inboxChannel,
  LOG_ID_BYTES,
  type LogId,
  type LogRange,
  type SignedBatch,
} from '@pastel-mesh/protocol'
import type { CommitWriter } from './commit-writer.ts'
import type { Database, Operation } from './database.ts'
import { positionOf, readNumber, UNDELIVERED_BATCHES, undeliveredKey, writeNumber } from './keys.ts'
import { SENDER_BYTES } from './log-state.ts'
import type { StoredBatch } from './stored-entry.ts'

/** What is kept for the inboxes of others and is not delivered yet, in bytes of signed batches. */
export interface CarriedBytes {
  /** All that others wrote. */
  readonly totalBytes: number
  readonly totalBatches: number
  /** What this node wrote itself. */
  readonly ownBytes: number
  readonly ownBatches: number
  /** What one sender (57-byte public key), who is not this node, wrote. */
  bySender(sender: Uint8Array): number
}

/** Where a batch stands in its log. */
export interface BatchPlace {
  readonly signed: Pick<SignedBatch, 'logBytes'> & { readonly batch: Pick<Batch, 'first'> }
}

/** A batch that was kept for an inbox, as this remembers it. */
export interface Underway {
  readonly log: Uint8Array
  readonly first: number
  readonly count: number
  /** Position in the arrival order. */
  readonly position: number
  /** When it is not kept any more, in ms since 1970; 0: it is delivered. */
  readonly untilMs: number
  readonly sizeBytes: number
  /** This node wrote it. */
  readonly isOwn: boolean
  readonly sender: Uint8Array
}

/** Whose batch it is that has to get to an inbox. */
export type UnderwayOf = 'own' | 'others'

export interface UndeliveredComponents {
  readonly database: Database
  readonly writer: CommitWriter
}

interface Amount {
  bytes: number
  batches: number
}

const INBOX_PREFIX = 'inbox/'
const OWN = 1
const VALUE_BYTES = 1 + 3 * 8 + 2 + SENDER_BYTES
/** Batches that one commit marks as delivered, and that one look finds at once. */
const CHUNK = 512
/** Records that are read at once: a receipt is of one batch, or of some. */
const READ_AHEAD = 16
/** Logs of which it is remembered how far they are delivered. */
const MAX_LOGS = 4_096

/** Whether a channel is an inbox. */
export function isInbox(channel: string): boolean {
  return channel.startsWith(INBOX_PREFIX)
}

/** Whether a channel is an inbox, and not that of a public key. */
export function isInboxOfAnother(channel: string, own: Uint8Array): boolean {
  return isInbox(channel) && channel !== inboxChannel(encodePastelId(own))
}

/**
 * Batches in the order that have to get to inboxes of others: own ones, and those that are carried. Each has a record on
 * disk until it is delivered or expires; how many bytes wait is in memory.
 */
export class Undelivered {
  readonly #parts: UndeliveredComponents
  #own: Amount = nothing()
  #others: Amount = nothing()
  #bySender = new Map<string, number>()
  /** No record is due before, in ms since 1970. */
  #earliestMs = Number.POSITIVE_INFINITY
  /** By log of this node: everything before the position is delivered, and its records need not be looked for. */
  readonly #deliveredTo = new Map<LogId, number>()
  /** What reads records and writes them goes one after the other. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(components: UndeliveredComponents) {
    this.#parts = components
  }

  /** Reads from the disk what waits. */
  async load(): Promise<void> {
    this.#own = nothing()
    this.#others = nothing()
    this.#bySender = new Map()
    this.#earliestMs = Number.POSITIVE_INFINITY
    this.#deliveredTo.clear()
    for await (const [key, value] of this.#parts.database.iterate(UNDELIVERED_BATCHES)) {
      const underway = decode(key, value)
      this.#earliestMs = Math.min(this.#earliestMs, underway.untilMs)
      this.#charge(underway, 1)
    }
  }

  get bytes(): CarriedBytes {
    const bySender = this.#bySender
    return {
      totalBytes: this.#others.bytes,
      totalBatches: this.#others.batches,
      ownBytes: this.#own.bytes,
      ownBatches: this.#own.batches,
      bySender: (sender) => bySender.get(nameOf(sender)) ?? 0,
    }
  }

  /** A batch has to get to an inbox, if it is to one, from the commit that is being put together on. */
  add({ signed, position, count }: StoredBatch, of: UnderwayOf, group: Operation[]): void {
    const { sender, channel, first, expiresAtMs } = signed.batch
    if (!isInbox(channel) || (of === 'own' && !isInboxOfAnother(channel, sender))) return
    const underway = {
      log: signed.logBytes,
      first,
      count,
      position,
      untilMs: expiresAtMs === 0 ? Number.MAX_SAFE_INTEGER : expiresAtMs,
      sizeBytes: signed.envelope.length,
      isOwn: of === 'own',
      sender,
    }
    this.#earliestMs = Math.min(this.#earliestMs, underway.untilMs)
    if (first < (this.#deliveredTo.get(signed.log) ?? 0)) this.#deliveredTo.delete(signed.log)
    this.#charge(underway, 1)
    group.push(put(underway))
  }

  /** Whether a batch that is stored is still to be delivered. */
  async has({ signed }: BatchPlace): Promise<boolean> {
    const key = undeliveredKey(signed.logBytes, signed.batch.first)
    const value = await this.#parts.database.get(key)
    return value !== undefined && decode(key, value).untilMs !== 0
  }

  /** The logs of which own batches wait, each once. */
  async ownLogs(): Promise<Uint8Array[]> {
    const logs = new Map<string, Uint8Array>()
    for await (const [key, value] of this.#parts.database.iterate(UNDELIVERED_BATCHES)) {
      const { log, isOwn } = decode(key, value)
      if (isOwn) logs.set(nameOf(log), log)
    }
    return [...logs.values()]
  }

  /**
   * The recipient has these: own ones are not kept for it any more, others are due.
   * @param more what is written in the same commit; called when that is begun
   */
  delivered(ranges: readonly LogRange[], more: () => readonly Operation[] = () => []): Promise<void> {
    return this.#inTurn(async () => {
      const { writer } = this.#parts
      // What is on its way to the disk may be among them.
      await writer.flush()
      const found: Underway[] = []
      const ends: number[] = []
      for (const range of ranges) ends.push(await this.#find(range, found))
      if (!writer.isOpen) throw writer.unavailable()
      const operations = more()
      if (found.length + operations.length > 0) await this.#markDelivered(found, operations)
      for (const [i, range] of ranges.entries()) this.#remember(range, ends[i] as number)
    })
  }

  /** Calls back with what is delivered or has expired, some at a time. */
  forEachDue(nowMs: number, act: (due: readonly Underway[]) => Promise<void>): Promise<void> {
    return this.#inTurn(async () => {
      if (nowMs < this.#earliestMs) return
      // What is added meanwhile makes it smaller.
      this.#earliestMs = Number.POSITIVE_INFINITY
      let earliestMs = 0
      try {
        earliestMs = await this.#scanDue(nowMs, act)
      } finally {
        this.#earliestMs = Math.min(this.#earliestMs, earliestMs)
      }
    })
  }

  /** A batch is not kept any more, from the commit that is being put together on. */
  remove(underway: Underway, group: Operation[]): void {
    this.#charge(underway, -1)
    group.push({ type: 'del', key: undeliveredKey(underway.log, underway.first) })
  }

  /** @returns when the earliest of the others is due */
  async #scanDue(nowMs: number, act: (due: readonly Underway[]) => Promise<void>): Promise<number> {
    let earliestMs = Number.POSITIVE_INFINITY
    let due: Underway[] = []
    for await (const [key, value] of this.#parts.database.iterate(UNDELIVERED_BATCHES)) {
      const underway = decode(key, value)
      if (underway.untilMs > nowMs) earliestMs = Math.min(earliestMs, underway.untilMs)
      else due.push(underway)
      if (due.length < CHUNK) continue
      await act(due)
      due = []
    }
    if (due.length > 0) await act(due)
    return earliestMs
  }

  /**
   * Adds the batches that lie within a range to those that are found; what are too many at a time is marked at once. Of
   * what is delivered LevelDB passes the graves for a while: where that is known the search begins behind them.
   * @returns the position behind the last that is an own one
   */
  async #find({ log, first, last }: LogRange, found: Underway[]): Promise<number> {
    const bytes = decodeLogId(log)
    const from = Math.max(first, this.#deliveredTo.get(log) ?? 0)
    if (from > last) return 0
    let end = 0
    const range = {
      gte: undeliveredKey(bytes, from),
      lte: undeliveredKey(bytes, last),
      readAhead: READ_AHEAD,
    }
    for await (const [key, value] of this.#parts.database.iterate(range)) {
      const underway = decode(key, value)
      const behind = underway.first + underway.count
      if (underway.untilMs === 0 || behind - 1 > last) continue
      if (underway.isOwn) end = behind
      if (found.push(underway) === CHUNK) await this.#markDelivered(found.splice(0), [])
    }
    return end
  }

  /** Own batches of a range are delivered up to a position: if all before it is, that is remembered. */
  #remember({ log, first }: LogRange, end: number): void {
    const known = this.#deliveredTo.get(log) ?? 0
    if (first > known || end <= known) return
    this.#deliveredTo.delete(log)
    this.#deliveredTo.set(log, end)
    if (this.#deliveredTo.size > MAX_LOGS)
      this.#deliveredTo.delete(this.#deliveredTo.keys().next().value as LogId)
  }

  async #markDelivered(found: readonly Underway[], operations: readonly Operation[]): Promise<void> {
    await this.#parts.writer.commit((group) => {
      group.push(...operations)
      for (const underway of found) {
        if (underway.isOwn) {
          this.remove(underway, group)
          continue
        }
        this.#charge(underway, -1)
        this.#earliestMs = 0
        group.push(put({ ...underway, untilMs: 0 }))
      }
    })
  }

  /** What is delivered does not count, however long it is still there. */
  #charge({ isOwn, sizeBytes, sender, untilMs }: Underway, sign: 1 | -1): void {
    if (untilMs === 0) return
    const amount = isOwn ? this.#own : this.#others
    amount.bytes += sign * sizeBytes
    amount.batches += sign
    if (isOwn) return
    const name = nameOf(sender)
    const bytes = (this.#bySender.get(name) ?? 0) + sign * sizeBytes
    if (bytes === 0) this.#bySender.delete(name)
    else this.#bySender.set(name, bytes)
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(act)
    this.#last = turn.catch(() => {})
    return turn
  }
}

function put({ log, first, count, position, untilMs, sizeBytes, isOwn, sender }: Underway): Operation {
  const value = Buffer.allocUnsafe(VALUE_BYTES)
  value[0] = isOwn ? OWN : 0
  writeNumber(value, position, 1)
  writeNumber(value, untilMs, 9)
  writeNumber(value, sizeBytes, 17)
  value.writeUInt16BE(count, 25)
  value.set(sender, 27)
  return { type: 'put', key: undeliveredKey(log, first), value }
}

function decode(key: Buffer, value: Buffer): Underway {
  return {
    log: key.subarray(1, 1 + LOG_ID_BYTES),
    first: positionOf(key),
    isOwn: value[0] === OWN,
    position: readNumber(value, 1),
    untilMs: readNumber(value, 9),
    sizeBytes: readNumber(value, 17),
    count: value.readUInt16BE(25),
    sender: value.subarray(27, 27 + SENDER_BYTES),
  }
}

function nameOf(sender: Uint8Array): string {
  return Buffer.from(sender.buffer, sender.byteOffset, sender.length).toString('latin1')
}

function nothing(): Amount {
  return { bytes: 0, batches: 0 }
}
