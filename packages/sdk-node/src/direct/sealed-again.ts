import type { PastelId } from '@pastel-mesh/identity'
import {
  inboxChannel,
  type LogId,
  type LogRange,
  type MessageId,
  messageId,
  type ReceiptRange,
  sealedKeyId,
  sealingKeyId,
  toWireAgain,
  wireMessageBytes,
} from '@pastel-mesh/protocol'
import type { MessageStore, StoredBatch } from '@pastel-mesh/storage'
import type { PreparedMessage } from '../outbound/pending.ts'
import type { OutboundPipeline } from '../outbound/pipeline.ts'
import { isLogStored } from './is-log-stored.ts'
import type { KnownReceipt } from './receipt-check.ts'
import { RecipientTasks } from './recipient-tasks.ts'
import { Repeats } from './repeats.ts'

export interface SealedAgainComponents {
  readonly store: MessageStore
  readonly outbound: () => OutboundPipeline
  /** The key to seal something to that expires at a time, 32 bytes; undefined: none is known. */
  readonly sealingKeyOf: (recipient: PastelId, expiresAtMs: number) => Uint8Array | undefined
  /** What the recipient of a message said of it last, as far as that is known. */
  readonly outcome: (log: LogId, position: number) => ReceiptRange | undefined
  /** What became of some messages is known. */
  readonly onSettled: () => void
  readonly onError: (error: unknown) => void
}

/** The reason with which a recipient rejects what is sealed to a key that it does not have. */
const KEY_UNKNOWN = 'key-unknown'

/** A recipient that loses its keys as often has no use for more. */
const MAX_TRIES = 3
/** Batches that are read and sealed again at a time, and bytes of them. */
const MAX_BATCHES = 64
const MAX_BYTES = 4 * 1024 * 1024

/** What was refused of one log. */
interface Refused {
  readonly recipient: PastelId
  readonly ranges: LogRange[]
}

/** Whether what a receipt says is that the key was not there. */
export function isKeyUnknown({ outcome, reason }: ReceiptRange): boolean {
  return outcome === 'rejected' && reason === KEY_UNKNOWN
}

/**
 * What a recipient could not open, because it does not have the key any more, is sealed to its new key and sent again,
 * at the next positions of the log.
 *
 * ```
 *   refused ──▶ waiting for a certificate with another key ──▶ sealed, signed, on disk ──▶ delivered
 *                  │            ▲                                            │
 *                  ▼            └──────────── refused, fewer than three times ┘
 *               expired                                         │ else
 *                                                               ▼
 *                                                            rejected
 * ```
 *
 * A batch that was refused counts as undelivered until all of it is sent again, so that nothing removes it before. One
 * that had been delivered before is sent again, too, if it is still here: its recipient was restored from an older copy.
 */
export class SealedAgain {
  readonly #components: SealedAgainComponents
  readonly #repeats: Repeats
  readonly #refused = new Map<LogId, Refused>()
  readonly #tasks: RecipientTasks
  #isRunning = false

  constructor(components: SealedAgainComponents) {
    this.#components = components
    this.#repeats = new Repeats({ prefix: 'sent-again/' }, { values: components.store.values })
    this.#tasks = new RecipientTasks({
      act: (recipient) => this.#sendAgain(recipient),
      onError: components.onError,
    })
  }

  /** Reads what was kept. @param receipts of all logs that are stored. @throws StorageError */
  async start(receipts: Iterable<KnownReceipt>): Promise<void> {
    await this.#repeats.start()
    this.#refused.clear()
    for (const { by, content } of receipts) this.refused(by, content.ranges.filter(isKeyUnknown))
  }

  /** The node may send now. */
  begin(): void {
    this.#isRunning = true
    for (const { recipient } of this.#refused.values()) this.#tasks.run(recipient)
  }

  async stop(): Promise<void> {
    this.#isRunning = false
    await this.#tasks.stop()
  }

  /** A recipient has refused ranges of this node's logs: they wait until {@link known}. */
  refused(recipient: PastelId, ranges: readonly LogRange[]): void {
    for (const { log, first, last } of ranges) {
      const refused = this.#refused.get(log) ?? { recipient, ranges: [] }
      if (refused.recipient !== recipient) continue
      const isKnown = refused.ranges.some((one) => one.first <= first && last <= one.last)
      if (!isKnown) refused.ranges.push({ log, first, last })
      this.#refused.set(log, refused)
    }
  }

  /** Somebody's certificate may be another now, or what it has refused is on disk. */
  known(recipient: PastelId): void {
    const isWaiting = [...this.#refused.values()].some((refused) => refused.recipient === recipient)
    if (this.#isRunning && isWaiting) this.#tasks.run(recipient)
  }

  /** Whether a range was refused, and is to be sent again. */
  isPending({ log, first, last }: LogRange): boolean {
    return this.#refused.get(log)?.ranges.some((one) => one.first <= first && last <= one.last) ?? false
  }

  /** The message that took the place of one. */
  sentAs(log: LogId, position: number): MessageId | undefined {
    return this.#repeats.of(log, position)?.id
  }

  /** Lets go of what is about logs of which nothing is stored any more. */
  sweep(): Promise<void> {
    return this.#repeats.sweep((log) => isLogStored(this.#components.store, log as LogId))
  }

  async #sendAgain(recipient: PastelId): Promise<void> {
    for (const log of await this.#logsOf(recipient)) {
      for (const range of [...(this.#refused.get(log)?.ranges ?? [])]) {
        if (!(await this.#sendRange(recipient, range))) return
        const left = (this.#refused.get(log)?.ranges ?? []).filter((one) => one !== range)
        if (left.length === 0) this.#refused.delete(log)
        else this.#refused.set(log, { recipient, ranges: left })
        this.#components.onSettled()
      }
    }
  }

  /** The logs of which a recipient refused something, in the order in which they were written. */
  async #logsOf(recipient: PastelId): Promise<LogId[]> {
    const found: { log: LogId; position: number }[] = []
    for (const [log, refused] of this.#refused) {
      if (refused.recipient !== recipient) continue
      refused.ranges.sort((a, b) => a.first - b.first)
      let position = 0
      for await (const stored of this.#components.store.readLog(refused.ranges[0] as LogRange)) {
        position = stored.position
        break
      }
      found.push({ log, position })
    }
    return found.sort((a, b) => a.position - b.position).map(({ log }) => log)
  }

  /** @returns false: the rest waits for another certificate, or for the next start */
  async #sendRange(recipient: PastelId, range: LogRange): Promise<boolean> {
    const { store, outcome } = this.#components
    await this.#repeats.reload(range.log)
    let page: StoredBatch[] = []
    let sizeBytes = 0
    for await (const stored of store.readLog(range)) {
      const { first, count } = stored.signed.batch
      const isWhole = range.first <= first && first + count - 1 <= range.last
      const last = outcome(range.log, first)
      // It may have found the key since.
      if (!isWhole || (last !== undefined && !isKeyUnknown(last))) continue
      page.push(stored)
      sizeBytes += stored.envelope.length
      if (page.length < MAX_BATCHES && sizeBytes < MAX_BYTES) continue
      if (!(await this.#sendPage(recipient, page))) return false
      page = []
      sizeBytes = 0
    }
    return this.#sendPage(recipient, page)
  }

  async #sendPage(recipient: PastelId, page: readonly StoredBatch[]): Promise<boolean> {
    const { store, outbound, sealingKeyOf } = this.#components
    const open = page.filter(({ signed }) => signed.batch.expiresAtMs > Date.now())
    if (open.length === 0) return true
    const messages: PreparedMessage[] = []
    for (const stored of open) {
      const again = this.#messagesOf(stored)
      const key = sealingKeyOf(recipient, stored.signed.batch.expiresAtMs)
      const keyId = key === undefined ? undefined : sealingKeyId(key)
      // To the same key it would be refused again.
      const mustWait = keyId === undefined || sealedKeyId(stored.signed.batch) === keyId
      if (mustWait && again.length > 0) return false
      for (const message of again) messages.push(message)
    }
    // As one, so that nothing that is accepted meanwhile comes between: they then take one stretch.
    if (messages.length > 0) await outbound().acceptPrepared(inboxChannel(recipient), messages)
    await store.delivered(open.map(rangeOf))
    return !this.#tasks.isStopped
  }

  /** The messages of a batch that are to be sent again. */
  #messagesOf(stored: StoredBatch): PreparedMessage[] {
    // Its secret was on a disk that is lost: this node cannot read it either.
    if (!stored.isReadable) return []
    const { signed } = stored
    const { log } = signed
    const { first, expiresAtMs } = signed.batch
    return stored.messages().flatMap((content, index): PreparedMessage[] => {
      const position = first + index
      // A commit that was said to have failed may have sent it.
      if (this.#repeats.of(log, position) !== undefined || !this.#repeats.hasRoom(log)) return []
      const before = content.repeats === undefined ? 0 : (this.#repeats.triesOf(log, position) ?? MAX_TRIES)
      if (before >= MAX_TRIES) return []
      const wire = toWireAgain(content, content.repeats ?? messageId(log, position))
      const noted = (id: MessageId) =>
        this.#repeats.add(log, position, { id, tries: before + 1 }, expiresAtMs)
      return [{ wire, sizeBytes: wireMessageBytes(wire), expiresAtMs, noted }]
    })
  }
}

function rangeOf({ signed: { log, batch } }: StoredBatch): LogRange {
  return { log, first: batch.first, last: batch.first + batch.count - 1 }
}
