import type { PastelId } from '@pastel-mesh/identity'
import { type CertifiedReceipt, type LogId, type ReceiptRange, readReceipt } from '@pastel-mesh/protocol'
import type { MessageStore, ValueChange } from '@pastel-mesh/storage'
import { pastelIdOf } from '../pastel-id-of.ts'
import { isLogStored } from './is-log-stored.ts'
import type { KnownReceipt } from './receipt-check.ts'

export interface KeptReceiptsOptions {
  /** The names of the values that hold them begin so: `<prefix><log>/<serial>/<who gave it>`. */
  readonly prefix: string
  /** Above either the oldest go, of those who gave the most: no flood of one member takes the room of others. */
  readonly maxReceipts: number
  readonly maxBytes: number
}

/** What somebody gave of what is kept. */
interface Giver {
  /** The one that came last is at the end. */
  readonly names: Set<string>
  sizeBytes: number
}

export interface KeptReceiptsComponents {
  readonly store: MessageStore
}

/** Verified receipts, on disk, found by log: bounded, and none that says nothing beyond a newer one. */
export class KeptReceipts {
  readonly #options: KeptReceiptsOptions
  readonly #store: MessageStore
  /** The receipt that came last is at the end; by the name of its value. */
  readonly #receipts = new Map<string, KnownReceipt>()
  readonly #logs = new Map<LogId, Set<string>>()
  readonly #givers = new Map<PastelId, Giver>()
  #sizeBytes = 0

  constructor(options: KeptReceiptsOptions, { store }: KeptReceiptsComponents) {
    this.#options = options
    this.#store = store
  }

  /** Reads what was kept. It was verified when it came. @throws StorageError */
  async start(): Promise<void> {
    this.#receipts.clear()
    this.#logs.clear()
    this.#givers.clear()
    this.#sizeBytes = 0
    const all: { readonly name: string; readonly receipt: KnownReceipt }[] = []
    for await (const [name, value] of this.#store.values.read(this.#options.prefix)) {
      const receipt = decodeReceipt(value)
      if (receipt !== undefined) all.push({ name, receipt })
    }
    // The disk has them by log. Serials go by the clock, and those of one member always up.
    all.sort((a, b) => a.receipt.content.serial - b.receipt.content.serial)
    for (const { name, receipt } of all) this.#remember(name, this.#logOf(name), receipt)
  }

  /** The receipts of a log, the oldest first. */
  of(log: LogId): KnownReceipt[] {
    return [...(this.#logs.get(log) ?? [])].map((name) => this.#receipts.get(name) as KnownReceipt)
  }

  /** What was said last of a position of a log. @param by by whom; by anybody, if it is not given */
  outcome(
    log: LogId,
    position: number,
    by?: PastelId,
  ): { range: ReceiptRange; receipt: KnownReceipt } | undefined {
    for (const receipt of this.of(log).reverse()) {
      if (by !== undefined && receipt.by !== by) continue
      const range = receipt.content.ranges.find(
        (one) => one.log === log && one.first <= position && position <= one.last,
      )
      if (range !== undefined) return { range, receipt }
    }
    return undefined
  }

  /** All of them, the one that came first at the beginning. */
  all(): Iterable<KnownReceipt> {
    return this.#receipts.values()
  }

  /**
   * What is to be written to keep a receipt for some of the logs that it speaks of, in place of earlier ones that say
   * nothing beyond it; and what is to be called when that was done. {@link makeRoom} has to follow.
   */
  note(
    logs: Iterable<LogId>,
    known: KnownReceipt,
  ): { readonly changes: readonly ValueChange[]; readonly kept: () => void } {
    const value = encodeReceipt(known)
    const news = [...logs]
      .map((log) => ({ log, name: `${this.#options.prefix}${log}/${known.content.serial}/${known.by}` }))
      .filter(({ log, name }) => !this.#receipts.has(name) && !this.#isSaid(log, known))
      .map(({ log, name }) => ({ log, name, subsumed: this.#subsumed(log, known) }))
    return {
      changes: news.flatMap(({ name, subsumed }) => [
        ...subsumed.map((one) => ({ name: one })),
        { name, value },
      ]),
      kept: () => {
        for (const { log, name, subsumed } of news) {
          for (const one of subsumed) this.#forget(one)
          this.#remember(name, log, known)
        }
      },
    }
  }

  /** Keeps a receipt for some of the logs that it speaks of. @throws StorageError */
  async keep(logs: Iterable<LogId>, known: KnownReceipt): Promise<void> {
    const { changes, kept } = this.note(logs, known)
    await this.#store.values.write(changes)
    kept()
    await this.makeRoom()
  }

  /** Lets go of receipts of a log. @returns what is to be written */
  forget(log: LogId, isGone: (receipt: KnownReceipt) => boolean): ValueChange[] {
    return [...(this.#logs.get(log) ?? [])]
      .filter((name) => isGone(this.#receipts.get(name) as KnownReceipt))
      .map((name) => this.#forget(name))
  }

  /** Lets go of the oldest of those who gave the most, if there are too many. @throws StorageError */
  async makeRoom(): Promise<void> {
    const { maxReceipts, maxBytes } = this.#options
    const gone: ValueChange[] = []
    for (;;) {
      const isTooLarge = this.#sizeBytes > maxBytes
      if (!isTooLarge && this.#receipts.size <= maxReceipts) break
      const { names } = this.#largest(isTooLarge ? ({ sizeBytes }) => sizeBytes : ({ names }) => names.size)
      gone.push(this.#forget(names.values().next().value as string))
    }
    if (gone.length > 0) await this.#store.values.write(gone)
  }

  #largest(sizeOf: (giver: Giver) => number): Giver {
    return [...this.#givers.values()].reduce((a, b) => (sizeOf(b) > sizeOf(a) ? b : a))
  }

  /** Lets go of the receipts of logs of which nothing is stored any more. */
  async sweep(): Promise<void> {
    const gone: ValueChange[] = []
    for (const [log, names] of [...this.#logs]) {
      if (await isLogStored(this.#store, log)) continue
      for (const name of names) gone.push(this.#forget(name))
    }
    if (gone.length > 0) await this.#store.values.write(gone)
  }

  /** Earlier receipts of a log, of the same node, that say nothing beyond a new one. */
  #subsumed(log: LogId, known: KnownReceipt): string[] {
    return [...(this.#logs.get(log) ?? [])].filter((name) => {
      const earlier = this.#receipts.get(name)
      return earlier?.by === known.by && saysNoMore(log, earlier, known)
    })
  }

  /** Whether a newer receipt of the same node says all that one says of a log. */
  #isSaid(log: LogId, known: KnownReceipt): boolean {
    return this.of(log).some(
      (one) =>
        one.by === known.by && one.content.serial > known.content.serial && saysNoMore(log, known, one),
    )
  }

  #remember(name: string, log: LogId, receipt: KnownReceipt): void {
    // The name tells whose it is: another one under it is of the same giver.
    const giver = this.#givers.get(receipt.by) ?? { names: new Set(), sizeBytes: 0 }
    const addedBytes = sizeOf(receipt) - sizeOf(this.#receipts.get(name))
    this.#givers.set(receipt.by, giver)
    giver.names.add(name)
    giver.sizeBytes += addedBytes
    this.#sizeBytes += addedBytes
    this.#receipts.set(name, receipt)
    const names = this.#logs.get(log) ?? new Set()
    this.#logs.set(log, names.add(name))
  }

  #forget(name: string): ValueChange {
    const receipt = this.#receipts.get(name)
    const giver = receipt && this.#givers.get(receipt.by)
    this.#sizeBytes -= sizeOf(receipt)
    this.#receipts.delete(name)
    if (giver !== undefined) {
      giver.sizeBytes -= sizeOf(receipt)
      giver.names.delete(name)
      if (giver.names.size === 0) this.#givers.delete((receipt as KnownReceipt).by)
    }
    const log = this.#logOf(name)
    const names = this.#logs.get(log)
    names?.delete(name)
    if (names?.size === 0) this.#logs.delete(log)
    return { name }
  }

  #logOf(name: string): LogId {
    return name.slice(this.#options.prefix.length).split('/')[0] as LogId
  }
}

/** Whether one receipt says of a log nothing beyond another. */
function saysNoMore(log: LogId, { content }: KnownReceipt, other: KnownReceipt): boolean {
  const about = other.content.ranges.filter((range) => range.log === log)
  return content.ranges.every(
    ({ log: of, outcome, first, last }) =>
      of !== log || about.some((one) => one.outcome === outcome && one.first <= first && last <= one.last),
  )
}

function sizeOf(receipt: KnownReceipt | undefined): number {
  return receipt === undefined ? 0 : receipt.receipt.length + receipt.certificate.length
}

/** Length of the receipt (4 bytes), the receipt, the certificate. */
export function encodeReceipt({ receipt, certificate }: CertifiedReceipt): Uint8Array {
  const length = Buffer.allocUnsafe(4)
  length.writeUInt32BE(receipt.length)
  return Buffer.concat([length, receipt, certificate])
}

/** A value that is damaged is no receipt. */
export function decodeReceipt(value: Buffer): KnownReceipt | undefined {
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
