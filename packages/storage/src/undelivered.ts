import { encodePastelId } from '@pastel-mesh/identity'
import {
  type Batch,
  decodeLogId,
  equalBytes,
  inboxChannel,
  type LogId,
  type LogRange,
  type SignedBatch,
} from '@pastel-mesh/protocol'
import type { CommitWriter } from './commit-writer.ts'
import type { Database, Operation } from './database.ts'
import { UNDELIVERED_BATCHES, undeliveredKey } from './keys.ts'
import type { StoredBatch } from './stored-entry.ts'
import { type DeliveryPhase, decodeUnderway, putUnderway, type Underway } from './underway-record.ts'

/** What is kept for the inboxes of others and is not delivered yet, in bytes of signed batches. */
export interface CarriedBytes {
  /** All that others wrote and that waits. */
  readonly totalBytes: number
  readonly totalBatches: number
  /** All that others wrote and that is on disk: what is delivered and not removed yet as well. */
  readonly diskBytes: number
  /** What this node wrote itself. */
  readonly ownBytes: number
  readonly ownBatches: number
  /** What one sender (57-byte public key), who is not this node, wrote and is on disk. */
  bySender(sender: Uint8Array): number
}

/** Where a batch stands in its log. */
export interface BatchPlace {
  readonly signed: Pick<SignedBatch, 'logBytes'> & { readonly batch: Pick<Batch, 'first'> }
}

/** What a recipient said of a range; without more it has it. */
export interface SettledRange extends LogRange {
  readonly outcome?: 'entered' | 'rejected' | 'lost'
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
  /** Of the others, what is delivered and not removed yet. */
  #due: Amount = nothing()
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
    this.#due = nothing()
    this.#bySender = new Map()
    this.#earliestMs = Number.POSITIVE_INFINITY
    this.#deliveredTo.clear()
    for await (const [key, value] of this.#parts.database.iterate(UNDELIVERED_BATCHES)) {
      const underway = decodeUnderway(key, value)
      this.#earliestMs = Math.min(this.#earliestMs, underway.untilMs)
      this.#charge(underway, 1)
    }
  }

  get bytes(): CarriedBytes {
    const bySender = this.#bySender
    return {
      totalBytes: this.#others.bytes - this.#due.bytes,
      totalBatches: this.#others.batches - this.#due.batches,
      diskBytes: this.#others.bytes,
      ownBytes: this.#own.bytes,
      ownBatches: this.#own.batches,
      bySender: (sender) => bySender.get(nameOf(sender)) ?? 0,
    }
  }

  /**
   * A batch has to get to an inbox, if it is to one, from the commit that is being put together on.
   * @param besideBytes what else is on disk because of it
   */
  add(
    { signed, position, count }: StoredBatch,
    of: UnderwayOf,
    group: Operation[],
    besideBytes: number,
  ): void {
    const { sender, channel, first, expiresAtMs } = signed.batch
    if (!isInbox(channel) || (of === 'own' && !isInboxOfAnother(channel, sender))) return
    const underway: Underway = {
      log: signed.logBytes,
      first,
      count,
      position,
      untilMs: untilOf(expiresAtMs),
      sizeBytes: signed.envelope.length + besideBytes,
      isOwn: of === 'own',
      sender,
      phase: 'waiting',
    }
    this.#earliestMs = Math.min(this.#earliestMs, underway.untilMs)
    if (first < (this.#deliveredTo.get(signed.log) ?? 0)) this.#deliveredTo.delete(signed.log)
    this.#charge(underway, 1)
    group.push(putUnderway(underway))
  }

  /** Whether a batch that is stored is still to be delivered. */
  async has(batch: BatchPlace): Promise<boolean> {
    return isOpen(await this.phaseOf(batch))
  }

  async phaseOf({ signed }: BatchPlace): Promise<DeliveryPhase> {
    const found = await this.#get(signed.logBytes, signed.batch.first)
    return found === undefined || found.untilMs === 0 ? 'none' : found.phase
  }

  async #get(log: Uint8Array, first: number): Promise<Underway | undefined> {
    const key = undeliveredKey(log, first)
    const value = await this.#parts.database.get(key)
    return value === undefined ? undefined : decodeUnderway(key, value)
  }

  /** The logs of which own batches wait, each once. */
  async ownLogs(): Promise<Uint8Array[]> {
    const logs = new Map<string, Uint8Array>()
    for await (const [key, value] of this.#parts.database.iterate(UNDELIVERED_BATCHES)) {
      const { log, isOwn, phase } = decodeUnderway(key, value)
      if (isOwn && isOpen(phase)) logs.set(nameOf(log), log)
    }
    return [...logs.values()]
  }

  /**
   * The recipient went past these: own ones are not kept for it any more, others are due.
   * @param more what is written in the same commit; called when that is begun
   * @returns own batches of which that was not known
   */
  async delivered(
    ranges: readonly SettledRange[],
    more: () => readonly Operation[] = () => [],
  ): Promise<number> {
    let own = 0
    await this.#inTurn(async () => {
      const { writer } = this.#parts
      // What is on its way to the disk may be among them.
      await writer.flush()
      const found = new Found((some) => this.#markDelivered(some, []))
      const ends: number[] = []
      for (const range of ranges) ends.push(await this.#find(range, found))
      if (!writer.isOpen) throw writer.unavailable()
      const operations = more()
      if (found.rest.length + operations.length > 0) await this.#markDelivered(found.rest, operations)
      for (const [i, range] of ranges.entries()) this.#remember(range, ends[i] as number)
      own = found.own
    })
    return own
  }

  /**
   * Batches have to get to their inbox after all.
   * @param own the node's own public key
   * @returns those of which nothing more was to be done before
   */
  async reopen(batches: readonly StoredBatch[], own: Uint8Array): Promise<StoredBatch[]> {
    const again: StoredBatch[] = []
    await this.#inTurn(async () => {
      const { writer } = this.#parts
      await writer.flush()
      const put: [before: Underway | undefined, after: Underway][] = []
      for (const batch of batches) {
        const { logBytes: log, envelope, batch: header } = batch.signed
        const before = await this.#get(log, header.first)
        const isOwn = equalBytes(header.sender, own)
        // What is carried and has no record any more is being removed.
        if ((before === undefined && !isOwn) || (before?.untilMs !== 0 && isOpen(before?.phase ?? 'none')))
          continue
        const { position, count } = batch
        const { first, sender } = header
        const untilMs = untilOf(header.expiresAtMs)
        const sizeBytes = before?.sizeBytes ?? envelope.length
        put.push([
          before,
          { log, first, count, position, untilMs, sizeBytes, isOwn, sender, phase: 'reopened' },
        ])
        this.#deliveredTo.delete(batch.signed.log)
        again.push(batch)
      }
      if (put.length > 0)
        await writer.commit((group) => put.forEach(([was, is]) => void this.#replace(was, is, group)))
    })
    return again
  }

  #replace(before: Underway | undefined, after: Underway, group: Operation[]): void {
    if (before !== undefined) this.#charge(before, -1)
    this.#charge(after, 1)
    this.#earliestMs = Math.min(this.#earliestMs, after.untilMs)
    group.push(putUnderway(after))
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
      const underway = decodeUnderway(key, value)
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
   * Adds the batches that lie within a range to those that are found. Of what is delivered LevelDB passes the graves for
   * a while: where that is known the search begins behind them.
   * @returns the position behind the last that is an own one
   */
  async #find({ log, first, last, outcome = 'entered' }: SettledRange, found: Found): Promise<number> {
    const phase = outcome === 'entered' ? 'none' : outcome
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
      const underway = decodeUnderway(key, value)
      const behind = underway.first + underway.count
      if (underway.untilMs === 0 || behind - 1 > last || underway.phase === phase) continue
      // What was lost has a record still, and may turn up.
      if (underway.isOwn && phase === 'none') end = behind
      await found.add({ underway, phase })
    }
    return end
  }

  /** Own batches of a range are delivered up to a position: if all before it is, that is remembered. */
  #remember({ log, first, outcome }: SettledRange, end: number): void {
    const known = this.#deliveredTo.get(log) ?? 0
    if ((outcome ?? 'entered') !== 'entered' || first > known || end <= known) return
    this.#deliveredTo.delete(log)
    this.#deliveredTo.set(log, end)
    if (this.#deliveredTo.size > MAX_LOGS)
      this.#deliveredTo.delete(this.#deliveredTo.keys().next().value as LogId)
  }

  async #markDelivered(found: readonly Settling[], operations: readonly Operation[]): Promise<void> {
    await this.#parts.writer.commit((group) => {
      group.push(...operations)
      for (const { underway, phase } of found) {
        // Its sender is told so, also when the receipt is not kept any more.
        if (underway.isOwn && phase !== 'none') this.#replace(underway, { ...underway, phase }, group)
        else if (underway.isOwn) this.remove(underway, group)
        else this.#replace(underway, { ...underway, untilMs: 0 }, group)
      }
    })
  }

  /** Of own ones what waits counts, of others' all that is on disk: what is delivered takes its room until it is removed. */
  #charge({ isOwn, sizeBytes, sender, phase, untilMs }: Underway, sign: 1 | -1): void {
    if (isOwn && !isOpen(phase)) return
    if (untilMs === 0) this.#due.bytes += sign * sizeBytes
    if (untilMs === 0) this.#due.batches += sign
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

/** A batch of which its recipient said what becomes of it. */
interface Settling {
  readonly underway: Underway
  readonly phase: DeliveryPhase
}

/** Batches that are found to be settled; when they are too many at a time they are marked at once. */
class Found {
  readonly #mark: (some: readonly Settling[]) => Promise<void>
  readonly rest: Settling[] = []
  /** How many of them this node wrote, marked ones included. */
  own = 0

  constructor(mark: (some: readonly Settling[]) => Promise<void>) {
    this.#mark = mark
  }

  async add(settling: Settling): Promise<void> {
    if (settling.underway.isOwn) this.own += 1
    if (this.rest.push(settling) === CHUNK) await this.#mark(this.rest.splice(0))
  }
}

/** Whether it has to get to its inbox. */
function isOpen(phase: DeliveryPhase): boolean {
  return phase === 'waiting' || phase === 'reopened'
}

function untilOf(expiresAtMs: number): number {
  return expiresAtMs === 0 ? Number.MAX_SAFE_INTEGER : expiresAtMs
}

function nameOf(sender: Uint8Array): string {
  return Buffer.from(sender.buffer, sender.byteOffset, sender.length).toString('latin1')
}

function nothing(): Amount {
  return { bytes: 0, batches: 0 }
}
