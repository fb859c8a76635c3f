import type { PastelId } from '@pastel-mesh/identity'
import {
  type CertifiedReceipt,
  decodeLogId,
  equalBytes,
  type LogId,
  type LogRange,
  parseChannel,
  type Receipt,
  type ReceiptRange,
  readReceipt,
} from '@pastel-mesh/protocol'
import type { MessageStore, ValueChange } from '@pastel-mesh/storage'
import { pastelIdOf } from '../pastel-id-of.ts'
import { isLogStored } from './is-log-stored.ts'
import { ReceiptCheck, type ReceiptCheckComponents, type ReceiptCheckOptions } from './receipt-check.ts'
import { isKeyUnknown } from './sealed-again.ts'

export interface ReceiptBookComponents extends ReceiptCheckComponents {
  readonly store: MessageStore
  /** The node's own public key. */
  readonly own: Uint8Array
  /** A recipient cannot open ranges of this node's own logs: it does not have the key. */
  readonly onRefused?: (recipient: PastelId, ranges: readonly ReceiptRange[]) => void
  /** Ranges of this node's own logs came to their end: their recipient has them, or will never. */
  readonly onSettled?: (ranges: readonly ReceiptRange[], receipt: KnownReceipt) => void
}

/** A receipt, and who signed it. */
export interface KnownReceipt extends CertifiedReceipt {
  readonly content: Receipt
  readonly by: PastelId
}

/** Names of the values that hold receipts begin so: `receipt/<log>/<serial>`. */
const PREFIX = 'receipt/'
/** Names of the values that say until which serial somebody's receipts settle nothing: `receipts-void/<PastelID>`. */
const VOID_PREFIX = 'receipts-void/'
/** Those of whom that is remembered. */
const MAX_VOID = 1_024
/**
 * Receipts that are kept; above it the oldest go, and with them the proof and why something was rejected: of what they
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
  /** The receipt that came last is at the end; by the name of its value. */
  readonly #receipts = new Map<string, KnownReceipt>()
  readonly #logs = new Map<LogId, Set<string>>()
  readonly #check: ReceiptCheck
  /** Receipts of somebody up to a serial are of a store that is no more. */
  readonly #voidUntil = new Map<PastelId, number>()
  #sizeBytes = 0

  constructor(options: ReceiptCheckOptions, components: ReceiptBookComponents) {
    this.#components = components
    this.#check = new ReceiptCheck(options, components)
  }

  /** Reads what was kept. It was verified when it came. @throws StorageError */
  async start(): Promise<void> {
    this.#receipts.clear()
    this.#logs.clear()
    this.#sizeBytes = 0
    for await (const [name, value] of this.#components.store.values.read(PREFIX)) {
      const kept = decode(value)
      const [log = ''] = name.slice(PREFIX.length).split('/')
      if (kept !== undefined) this.#remember(name, log as LogId, kept)
    }
    this.#voidUntil.clear()
    for await (const [name, value] of this.#components.store.values.read(VOID_PREFIX)) {
      this.#voidUntil.set(name.slice(VOID_PREFIX.length) as PastelId, Number(value.toString()))
    }
  }

  /** The receipts that somebody gave, the oldest first. */
  by(name: PastelId): KnownReceipt[] {
    const given = new Map<number, KnownReceipt>()
    for (const receipt of this.#receipts.values())
      if (receipt.by === name) given.set(receipt.content.serial, receipt)
    return [...given.values()].sort((a, b) => a.content.serial - b.content.serial)
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
    const until = Math.max(this.#voidUntil.get(name) ?? 0, ...receipts.map(({ content }) => content.serial))
    this.#voidUntil.delete(name)
    this.#voidUntil.set(name, until)
    const gone: ValueChange[] = []
    if (this.#voidUntil.size > MAX_VOID) {
      const oldest = this.#voidUntil.keys().next().value as PastelId
      this.#voidUntil.delete(oldest)
      gone.push({ name: VOID_PREFIX + oldest })
    }
    for (const log of new Set(missing.map((range) => range.log))) {
      for (const value of [...(this.#logs.get(log) ?? [])]) {
        const { by, content } = this.#receipts.get(value) as KnownReceipt
        if (by === name && content.serial <= until) gone.push(this.#forget(value))
      }
    }
    const value = Buffer.from(String(until))
    await this.#components.store.values.write([...gone, { name: VOID_PREFIX + name, value }])
  }

  /** The receipts of a log, the oldest first. */
  of(log: LogId): KnownReceipt[] {
    return [...(this.#logs.get(log) ?? [])].map((name) => this.#receipts.get(name) as KnownReceipt)
  }

  /** All of them, the one that came first at the beginning. */
  all(): Iterable<KnownReceipt> {
    return this.#receipts.values()
  }

  /** What the recipient said last of a position of a log. */
  outcome(log: LogId, position: number): { range: ReceiptRange; receipt: KnownReceipt } | undefined {
    for (const receipt of this.of(log).reverse()) {
      const range = receipt.content.ranges.find(
        (one) => one.log === log && one.first <= position && position <= one.last,
      )
      if (range !== undefined) return { range, receipt }
    }
    return undefined
  }

  /**
   * Takes a receipt in, if it is of use.
   * @returns the receipt, verified; undefined if a node key signed it that another had superseded by then
   * @throws ProtocolError if it is wrong
   */
  async take(certified: CertifiedReceipt): Promise<KnownReceipt | undefined> {
    // They are kept, and may be small parts of a large frame.
    const receipt = new Uint8Array(certified.receipt)
    const certificate = new Uint8Array(certified.certificate)
    const content = await this.#check.check({ receipt, certificate })
    if (content === undefined) return undefined
    const known: KnownReceipt = { receipt, certificate, content, by: pastelIdOf(content.subject) }
    await this.#keep(known)
    return known
  }

  /** Lets go of the receipts of logs of which nothing is stored any more. */
  async sweep(): Promise<void> {
    const gone: ValueChange[] = []
    for (const [log, names] of [...this.#logs]) {
      if (await isLogStored(this.#components.store, log)) continue
      for (const name of names) gone.push(this.#forget(name))
    }
    if (gone.length > 0) await this.#components.store.values.write(gone)
  }

  /** Of the recipient's own receipts, what is about logs that are stored here. */
  async #keep(known: KnownReceipt): Promise<void> {
    const { store, own } = this.#components
    // What this node says itself settles nothing here, nor what is true no more.
    if (this.isOwn(known) || known.content.serial <= (this.#voidUntil.get(known.by) ?? 0)) return
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
    const news = this.#news(settled, known)
    // On a full disk only the receipt is lost: that nothing more is to be done needs no room.
    await store.delivered(delivered, store.disk.hasRoom ? news.flatMap(({ changes }) => changes) : [])
    for (const { log, name, subsumed } of news) {
      for (const one of subsumed) this.#forget(one)
      this.#remember(name, log, known)
    }
    if (ownSettled.length > 0) this.#components.onSettled?.(ownSettled, known)
    await this.#makeRoom()
  }

  /** What is written of a receipt: once a log, in place of earlier ones that say nothing beyond it. */
  #news(settled: readonly ReceiptRange[], known: KnownReceipt) {
    const value = encode(known)
    return [...new Set(settled.map(({ log }) => log))]
      .map((log) => ({ log, name: `${PREFIX}${log}/${known.content.serial}` }))
      .filter(({ name }) => !this.#receipts.has(name))
      .map(({ log, name }) => {
        const subsumed = this.#subsumed(log, known)
        return { log, name, subsumed, changes: [...subsumed.map((one) => ({ name: one })), { name, value }] }
      })
  }

  async #makeRoom(): Promise<void> {
    const gone: ValueChange[] = []
    while (this.#receipts.size > MAX_RECEIPTS || this.#sizeBytes > MAX_BYTES) {
      gone.push(this.#forget(this.#receipts.keys().next().value as string))
    }
    if (gone.length > 0) await this.#components.store.values.write(gone)
  }

  /** Earlier receipts of a log that say nothing beyond a new one. */
  #subsumed(log: LogId, { content }: KnownReceipt): string[] {
    const about = content.ranges.filter((range) => range.log === log)
    const isWithin = (range: ReceiptRange) =>
      about.some((one) => one.outcome === range.outcome && one.first <= range.first && range.last <= one.last)
    return [...(this.#logs.get(log) ?? [])].filter((name) =>
      this.#receipts.get(name)?.content.ranges.every((range) => range.log !== log || isWithin(range)),
    )
  }

  #remember(name: string, log: LogId, receipt: KnownReceipt): void {
    this.#sizeBytes += sizeOf(receipt) - sizeOf(this.#receipts.get(name))
    this.#receipts.set(name, receipt)
    const names = this.#logs.get(log) ?? new Set()
    this.#logs.set(log, names.add(name))
  }

  #forget(name: string): ValueChange {
    this.#sizeBytes -= sizeOf(this.#receipts.get(name))
    this.#receipts.delete(name)
    const log = name.slice(PREFIX.length).split('/')[0] as LogId
    const names = this.#logs.get(log)
    names?.delete(name)
    if (names?.size === 0) this.#logs.delete(log)
    return { name }
  }
}

function sizeOf(receipt: KnownReceipt | undefined): number {
  return receipt === undefined ? 0 : receipt.receipt.length + receipt.certificate.length
}

/** Length of the receipt (4 bytes), the receipt, the certificate. */
function encode({ receipt, certificate }: CertifiedReceipt): Uint8Array {
  const length = Buffer.allocUnsafe(4)
  length.writeUInt32BE(receipt.length)
  return Buffer.concat([length, receipt, certificate])
}

/** A value that is damaged is no receipt. */
function decode(value: Buffer): KnownReceipt | undefined {
  try {
    const length = value.readUInt32BE(0)
    const receipt = new Uint8Array(value.subarray(4, 4 + length))
    const certificate = new Uint8Array(value.subarray(4 + length))
    const content = readReceipt(receipt)
    return { receipt, certificate, content, by: pastelIdOf(content.subject) }
  } catch {
    return undefined
  }
}
