import type { PastelId } from '@pastel-mesh/identity'
import {
  type DirectResponse,
  decodeLogId,
  type LogRange,
  MAX_DIRECT_RANGES,
  parseChannel,
} from '@pastel-mesh/protocol'
import type { MessageStore, StoredBatch } from '@pastel-mesh/storage'
import { Limiter } from '../inbound/limiter.ts'
import type { DirectPeers } from './direct-peers.ts'
import type { LeftRanges } from './left-ranges.ts'
import type { Mailboxes } from './mailboxes.ts'
import type { ReceiptBook } from './receipt-book.ts'
import { RecipientDelivery } from './recipient-delivery.ts'

export interface DeliveriesComponents {
  readonly store: MessageStore
  /** The node's own public key. */
  readonly own: Uint8Array
  readonly peers: DirectPeers
  readonly mailboxes: Mailboxes
  readonly receipts: ReceiptBook
  readonly left: LeftRanges
  /** Whether a range is to be sent again, and need not be brought as it is. */
  readonly isPending: (range: LogRange) => boolean
}

/** Recipients to whom all is delivered, and who are remembered. */
const MAX_REMEMBERED = 4_096
/** Recipients who are away for whom something is done at a time. */
const MAX_AT_A_TIME = 8

/** Brings what this node wrote to inboxes to their owners: one delivery a recipient. */
export class Deliveries {
  readonly #components: DeliveriesComponents
  readonly #recipients = new Map<PastelId, RecipientDelivery>()
  readonly #limiter = new Limiter(MAX_AT_A_TIME)
  #isStopped = false

  constructor(components: DeliveriesComponents) {
    this.#components = components
  }

  /** Goes on with what is not delivered. @throws StorageError */
  async start(): Promise<void> {
    const { store } = this.#components
    for (const log of await store.undeliveredLogs()) {
      const state = await store.log(log, decodeLogId(log))
      if (state === undefined) continue
      const channel = parseChannel(state.channel)
      if (channel.kind === 'inbox') this.look(channel.recipient)
    }
  }

  /** For good. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all([...this.#recipients.values()].map((delivery) => delivery.stop()))
    this.#recipients.clear()
  }

  /** There is something for a recipient. */
  look(recipient: PastelId): void {
    // Who looks through all there is may not have come to its end.
    if (this.#isStopped) return
    const delivery = this.#recipients.get(recipient) ?? this.#create(recipient)
    this.#recipients.set(recipient, delivery)
    delivery.look()
  }

  /** What a recipient had it has no more. */
  reopened(recipient: PastelId): void {
    this.#recipients.get(recipient)?.reopened()
    this.look(recipient)
  }

  /** Somebody is there: a recipient, or a mailbox of some. */
  connected(name: PastelId): void {
    for (const [recipient, delivery] of this.#recipients) {
      // It remembers how far all is settled, which would have to be found again.
      if (delivery.isIdle) {
        if (this.#recipients.size > MAX_REMEMBERED) this.#recipients.delete(recipient)
      } else if (recipient === name || this.#components.mailboxes.of(recipient).includes(name)) {
        delivery.connected(name)
      }
    }
  }

  #create(recipient: PastelId): RecipientDelivery {
    const { store, own, peers, mailboxes, left, isPending } = this.#components
    return new RecipientDelivery({
      store,
      own,
      recipient,
      isConnected: (name) => peers.isConnected(name),
      connect: (name, signal) => peers.connect(name, signal),
      give: (name, batches) => this.#give(name, batches),
      ask: (name, batches) => this.#ask(name, batches),
      isSettled: async (batch) => isPending(rangeOf(batch)) || !(await store.isUndelivered(batch)),
      holders: (batch) => left.holders(rangeOf(batch)),
      mailboxes: () => mailboxes.of(recipient),
      limited: (act) => this.#limiter.run(act),
    })
  }

  async #give(name: PastelId, batches: readonly StoredBatch[]): Promise<number> {
    const response = await this.#components.peers.ask(name, {
      kind: 'deposit',
      batches: batches.map(({ envelope }) => envelope),
    })
    return this.#take(name, response)
  }

  async #ask(name: PastelId, batches: readonly StoredBatch[]): Promise<void> {
    const ranges = wholeRanges(batches).slice(0, MAX_DIRECT_RANGES)
    await this.#take(name, await this.#components.peers.ask(name, { kind: 'ask', ranges }))
  }

  /**
   * Takes receipts in: those of the recipients settle, those of mailboxes say who holds what.
   * @returns ranges that somebody holds now and did not before
   */
  async #take(name: PastelId, { receipts }: DirectResponse): Promise<number> {
    let count = 0
    for (const certified of receipts) {
      const known = await this.#components.receipts.take(certified)
      if (known === undefined) continue
      const { by, content } = known
      const entered = content.ranges.filter(({ outcome }) => outcome === 'entered')
      const held: LogRange[] = []
      for (const range of entered) if (by === name && (await this.#isLeft(range, by))) held.push(range)
      // Only what it did not hold before: what says nothing new is no reason to go on at once.
      count += held.filter((range) => !this.#components.left.holders(range).includes(by)).length
      if (held.length > 0) await this.#components.left.add(by, held)
    }
    return count
  }

  /** Whether a range is of a log of this node to an inbox, and who says that it is there is not its owner. */
  async #isLeft({ log }: LogRange, by: PastelId): Promise<boolean> {
    const state = await this.#components.store.log(log, decodeLogId(log))
    if (state === undefined) return false
    const channel = parseChannel(state.channel)
    return channel.kind === 'inbox' && channel.recipient !== by
  }
}

function rangeOf({ signed: { log, batch } }: StoredBatch): LogRange {
  return { log, first: batch.first, last: batch.first + batch.count - 1 }
}

/** One range a log, from its first batch to its last. */
function wholeRanges(batches: readonly StoredBatch[]): LogRange[] {
  const ranges = new Map<string, LogRange>()
  for (const batch of batches) {
    const range = rangeOf(batch)
    const before = ranges.get(range.log)
    ranges.set(
      range.log,
      before === undefined ? range : { ...before, last: Math.max(before.last, range.last) },
    )
  }
  return [...ranges.values()]
}
