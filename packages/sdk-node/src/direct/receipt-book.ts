import type { PastelId } from '@pastel-mesh/identity'
import {
  type CertifiedReceipt,
  decodeLogId,
  equalBytes,
  type LogId,
  type LogRange,
  parseChannel,
  type ReceiptRange,
} from '@pastel-mesh/protocol'
import type { MessageStore, ValueChange } from '@pastel-mesh/storage'
import { decodeReceipt, encodeReceipt, KeptReceipts } from './kept-receipts.ts'
import type { KnownReceipt, ReceiptCheck } from './receipt-check.ts'
import { isKeyUnknown } from './sealed-again.ts'

export interface ReceiptBookComponents {
  readonly store: MessageStore
  /** The node's own public key. */
  readonly own: Uint8Array
  readonly check: ReceiptCheck
  /** A recipient cannot open ranges of this node's own logs: it does not have the key. */
  readonly onRefused?: (recipient: PastelId, ranges: readonly ReceiptRange[]) => void
  /** Ranges of this node's own logs came to their end, which was not known: their recipient has them, or will never. */
  readonly onSettled?: (ranges: readonly ReceiptRange[], receipt: KnownReceipt) => void
}

/** Names of the values that hold the receipt up to which somebody's settle nothing: `receipts-void/<PastelID>`. */
const VOID_PREFIX = 'receipts-void/'
/** Those of whom that is remembered. */
const MAX_VOID = 1_024
/**
 * Receipts that are kept; above it the oldest go of who gave the most, and with them the proof and why something was rejected: of what they
 * were about only that nothing more is to be done is remembered.
 */
const MAX_RECEIPTS = 4_096
/** Bytes of receipts and their certificates that are kept. */
const MAX_BYTES = 16 * 1024 * 1024

/**
 * The recipients' own receipts for logs that this node stores: those that it wrote, and those that it keeps for
 * others as a mailbox. Verified, kept on disk, and told to the store, which then need not keep the messages.
 */
export class ReceiptBook {
  readonly #components: ReceiptBookComponents
  readonly #kept: KeptReceipts
  /** Receipts of somebody up to one are of a store that is no more. */
  readonly #voidUntil = new Map<PastelId, KnownReceipt>()
  /** Logs of this node of which a commit failed that may have been done: what it would have settled is told next time. */
  readonly #unsure = new Set<LogId>()

  constructor(components: ReceiptBookComponents) {
    this.#components = components
    this.#kept = new KeptReceipts(
      { prefix: 'receipt/', maxReceipts: MAX_RECEIPTS, maxBytes: MAX_BYTES },
      components,
    )
  }

  /** Reads what was kept. @throws StorageError */
  async start(): Promise<void> {
    await this.#kept.start()
    this.#voidUntil.clear()
    for await (const [name, value] of this.#components.store.values.read(VOID_PREFIX)) {
      const last = decodeReceipt(value)
      if (last !== undefined) this.#voidUntil.set(name.slice(VOID_PREFIX.length) as PastelId, last)
    }
  }

  /** The receipts that somebody gave, the oldest first. */
  by(name: PastelId): KnownReceipt[] {
    const given = new Map<number, KnownReceipt>()
    for (const receipt of this.#kept.all())
      if (receipt.by === name) given.set(receipt.content.serial, receipt)
    return [...given.values()].sort((a, b) => a.content.serial - b.content.serial)
  }

  /** The receipt of somebody up to which all of its receipts settle nothing. */
  lastVoid(name: PastelId): KnownReceipt | undefined {
    return this.#voidUntil.get(name)
  }

  /** Whether this node gave a receipt. */
  isOwn({ content }: KnownReceipt): boolean {
    return equalBytes(content.subject, this.#components.own)
  }

  /**
   * Somebody has no more what some receipts say: these, and what was signed before, settle nothing any more.
   * @throws StorageError
   */
  async voidUntil(
    name: PastelId,
    receipts: readonly KnownReceipt[],
    missing: readonly LogRange[],
  ): Promise<void> {
    const before = this.#voidUntil.get(name)
    const last = [...(before === undefined ? [] : [before]), ...receipts].reduce((a, b) =>
      a.content.serial >= b.content.serial ? a : b,
    )
    const until = last.content.serial
    this.#voidUntil.delete(name)
    this.#voidUntil.set(name, last)
    const gone: ValueChange[] = []
    if (this.#voidUntil.size > MAX_VOID) {
      const oldest = this.#voidUntil.keys().next().value as PastelId
      this.#voidUntil.delete(oldest)
      gone.push({ name: VOID_PREFIX + oldest })
    }
    for (const log of new Set(missing.map((range) => range.log))) {
      gone.push(...this.#kept.forget(log, ({ by, content }) => by === name && content.serial <= until))
    }
    const value = encodeReceipt(last)
    await this.#components.store.values.write([...gone, { name: VOID_PREFIX + name, value }])
  }

  /** The receipts of a log, the oldest first. */
  of(log: LogId): KnownReceipt[] {
    return this.#kept.of(log)
  }

  /** Those that say something of a range, the oldest first. */
  about({ log, first, last }: LogRange): KnownReceipt[] {
    return this.of(log).filter(({ content }) =>
      content.ranges.some((one) => one.log === log && one.first <= last && first <= one.last),
    )
  }

  /** All of them, the one that came first at the beginning. */
  all(): Iterable<KnownReceipt> {
    return this.#kept.all()
  }

  /** What the recipient said last of a position of a log. */
  outcome(log: LogId, position: number): { range: ReceiptRange; receipt: KnownReceipt } | undefined {
    return this.#kept.outcome(log, position)
  }

  /**
   * Takes a receipt in, if it is of use.
   * @returns the receipt, verified; undefined if a node key signed it that another had superseded by then
   * @throws ProtocolError if it is wrong
   */
  async take(certified: CertifiedReceipt): Promise<KnownReceipt | undefined> {
    const known = await this.#components.check.open(certified)
    if (known !== undefined) await this.#keep(known)
    return known
  }

  /** Lets go of the receipts of logs of which nothing is stored any more. */
  sweep(): Promise<void> {
    return this.#kept.sweep()
  }

  /** Of the recipient's own receipts, what is about logs that are stored here. */
  async #keep(known: KnownReceipt): Promise<void> {
    const { store, own } = this.#components
    // What this node says itself settles nothing here, nor what is true no more.
    if (this.isOwn(known) || known.content.serial <= (this.#voidUntil.get(known.by)?.content.serial ?? 0))
      return
    const settled: ReceiptRange[] = []
    const ownSettled: ReceiptRange[] = []
    for (const range of known.content.ranges) {
      const state = await store.log(range.log, decodeLogId(range.log))
      if (state === undefined) continue
      const channel = parseChannel(state.channel)
      // Of what is not here nothing is kept.
      if (channel.kind !== 'inbox' || channel.recipient !== known.by || range.first >= state.next) continue
      const stored = { ...range, last: Math.min(range.last, state.next - 1) }
      settled.push(stored)
      if (equalBytes(state.sender, own)) ownSettled.push(stored)
    }
    if (settled.length === 0) return
    // First: what is to be sent again has no end in between.
    const refused = ownSettled.filter(isKeyUnknown)
    if (refused.length > 0) this.#components.onRefused?.(known.by, refused)
    // What could not be opened is kept until it is sent again.
    const delivered = settled.filter((range) => !refused.includes(range))
    const { changes, kept } = this.#kept.note(new Set(settled.map(({ log }) => log)), known)
    // On a full disk only the receipt is lost: that nothing more is to be done needs no room.
    const logs = ownSettled.map(({ log }) => log)
    let news: number
    try {
      news = await store.delivered(delivered, store.disk.hasRoom ? changes : [])
    } catch (error) {
      for (const log of logs) this.#unsure.add(log)
      throw error
    }
    kept()
    const isNew =
      news > 0 || (refused.length > 0 && changes.length > 0) || logs.some((log) => this.#unsure.has(log))
    for (const log of logs) this.#unsure.delete(log)
    // Once only: two who tell each other of receipts about both would never come to an end.
    if (isNew) this.#components.onSettled?.(ownSettled, known)
    await this.#kept.makeRoom()
  }
}
