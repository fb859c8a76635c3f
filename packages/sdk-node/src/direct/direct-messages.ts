import type { Connection, PrivateKey } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'
import { MeshError, type PastelId, type Signer } from '@pastel-mesh/identity'
import {
  type Certificate,
  inboxChannel,
  parseChannel,
  type ReceiptRange,
  type SignedBatch,
} from '@pastel-mesh/protocol'
import type { MessageStore, StoredBatch } from '@pastel-mesh/storage'
import type { Carrier } from '../carried/carrier.ts'
import { HandOver } from '../carried/hand-over.ts'
import type { AddressBook } from '../connection/address-book.ts'
import type { NodeCounters } from '../counters.ts'
import type { MemberRegistry } from '../members/member-registry.ts'
import type { OutboundPipeline } from '../outbound/pipeline.ts'
import { Deliveries } from './deliveries.ts'
import { type DeliveryStatus, DeliveryStatusReader, isFinal } from './delivery-status.ts'
import { DirectAnswers, type DirectAnswersComponents } from './direct-answers.ts'
import { DirectPeers } from './direct-peers.ts'
import { DirectSender } from './direct-sender.ts'
import { DirectServer } from './direct-server.ts'
import { EnteredRanges } from './entered-ranges.ts'
import { InboxDoubles } from './inbox-doubles.ts'
import { InboxIntake } from './inbox-intake.ts'
import { InboxRanges } from './inbox-ranges.ts'
import { InboxTeller } from './inbox-teller.ts'
import { isLogStored } from './is-log-stored.ts'
import { LeftRanges } from './left-ranges.ts'
import { MailboxTeller } from './mailbox-teller.ts'
import { MailboxVisits } from './mailbox-visits.ts'
import { Mailboxes, type MailboxOptions } from './mailboxes.ts'
import { Outbox, type OutboxOptions } from './outbox.ts'
import { OwnReceipts } from './own-receipts.ts'
import { ReceiptBook } from './receipt-book.ts'
import { type KnownReceipt, ReceiptCheck } from './receipt-check.ts'
import { ReceiptMaker } from './receipt-maker.ts'
import { RestoredRecipients } from './restored-recipients.ts'
import { SealedAgain } from './sealed-again.ts'
import { SealingKeys } from './sealing-keys.ts'
import { TopicReceipts } from './topic-receipts.ts'
import { WaitingMessages, type WaitingSummary } from './waiting-messages.ts'

export interface DirectMessagesOptions {
  readonly network: string
  readonly mailbox?: MailboxOptions | undefined
  readonly outbox?: OutboxOptions | undefined
}

export interface DirectMessagesComponents {
  readonly signer: Signer
  readonly nodeKey: PrivateKey
  readonly store: MessageStore
  readonly counters: NodeCounters
  readonly registry: MemberRegistry
  readonly carrier?: Carrier | undefined
  readonly book: AddressBook
  readonly outbound: () => OutboundPipeline
  readonly certificate: () => Uint8Array
  readonly connectTo: (certificate: Certificate, signal: AbortSignal) => Promise<void>
  readonly isLeftAlone: (name: PastelId) => boolean
  readonly receive: DirectAnswersComponents['receive']
  readonly charge: DirectAnswersComponents['charge']
  readonly pastelIdOf: (peer: string) => PastelId | undefined
  /** A peer has shown a gap in a log. */
  readonly onMissing: (peer: string, log: SignedBatch['log']) => void
  /** A recipient has said what became of messages of this node. */
  readonly onDelivery: (delivery: Delivery) => void
  /** A peer broke the rules of the protocol, as its bytes alone show. */
  readonly onOffence: (peerId: string) => void
  readonly onError: (error: unknown) => void
}

/** What a recipient said of messages of this node: positions of a log, both included. */
export interface Delivery extends ReceiptRange {
  readonly recipient: PastelId
}

/** How often what is over is let go of. */
const SWEEP_MS = 10 * 60_000
/** A status that nobody tells of, as that of a message that expires, is looked at so often. */
const POLL_MS = 1_000

/** Direct messages: sealed, delivered for certain, receipted. Wires their parts. */
export class DirectMessages {
  readonly keys: SealingKeys
  readonly #components: DirectMessagesComponents
  readonly #own: PastelId
  readonly #inbox: string
  readonly #waiting: WaitingMessages
  readonly #receipts: ReceiptBook
  readonly #left: LeftRanges
  readonly #peers: DirectPeers
  readonly #deliveries: Deliveries
  readonly #restored: RestoredRecipients
  readonly #teller: InboxTeller
  readonly #mailboxTeller: MailboxTeller
  readonly #server: DirectServer
  readonly #visits: MailboxVisits
  readonly #status: DeliveryStatusReader
  readonly #handOver: HandOver
  readonly sender: DirectSender
  readonly outbox: Outbox
  readonly doubles: InboxDoubles
  readonly intake: InboxIntake
  readonly #again: SealedAgain
  readonly topics: TopicReceipts
  readonly #settled = new Set<() => void>()
  #stopListening: (() => void) | undefined
  #stopGoingOn: (() => void) | undefined
  #sweeper: NodeJS.Timeout | undefined
  #isRunning = false

  constructor(options: DirectMessagesOptions, components: DirectMessagesComponents) {
    const { network } = options
    const { store, signer, nodeKey, book, registry, certificate, receive, pastelIdOf, onMissing } = components
    this.#components = components
    this.#own = signer.pastelId
    this.#inbox = inboxChannel(this.#own)
    this.keys = new SealingKeys({ values: store.values })
    this.#waiting = new WaitingMessages({ store })
    this.outbox = new Outbox(options.outbox ?? {}, { store, waiting: this.#waiting })
    this.#handOver = new HandOver({
      ...components,
      own: this.#own,
      values: store.values,
      waiting: this.#waiting,
      goOn: (recipient) => this.sender.goOn(recipient),
    })
    this.sender = new DirectSender({
      ...components,
      handOver: this.#handOver,
      own: this.#own,
      keys: this.keys,
      waiting: this.#waiting,
      outbox: this.outbox,
    })
    this.doubles = new InboxDoubles({ store, inbox: this.#inbox })
    this.intake = new InboxIntake({ ...components, keys: this.keys, doubles: this.doubles })
    this.#again = new SealedAgain({
      ...components,
      sealingKeyOf: (recipient, expiresAtMs) => this.sender.sealingKeyOf(recipient, expiresAtMs),
      outcome: (log, position) => this.#receipts.outcome(log, position)?.range,
      onSettled: () => this.#wakeAll(),
    })
    this.#left = new LeftRanges({ values: store.values })
    const mailboxes = new Mailboxes(options.mailbox ?? {}, { store, book, registry, own: this.#own })
    const check = new ReceiptCheck(
      { network },
      { own: signer.publicKey, newest: (name) => book.get(name), counters: components.counters.receipts },
    )
    this.#receipts = new ReceiptBook({
      store,
      own: signer.publicKey,
      check,
      onRefused: (recipient, ranges) => this.#again.refused(recipient, ranges),
      onSettled: (ranges, receipt) => this.#onSettled(ranges, receipt),
    })
    this.#peers = new DirectPeers({ ...components, counters: components.counters.direct })
    this.#mailboxTeller = new MailboxTeller({}, { peers: this.#peers })
    this.#deliveries = new Deliveries({
      store,
      own: signer.publicKey,
      peers: this.#peers,
      mailboxes,
      receipts: this.#receipts,
      left: this.#left,
      isPending: (range) => this.#again.isPending(range),
    })
    this.#restored = new RestoredRecipients({
      ...components,
      own: signer.publicKey,
      peers: this.#peers,
      receipts: this.#receipts,
      left: this.#left,
      deliveries: this.#deliveries,
    })
    const maker = new ReceiptMaker(
      { network },
      { subject: signer.publicKey, nodeKey, certificate, storeId: () => store.storeId },
    )
    this.topics = new TopicReceipts({
      store,
      own: signer.publicKey,
      book,
      registry,
      peers: this.#peers,
      check,
      maker,
    })
    const inbox = new InboxRanges({ store, keys: this.keys, inbox: this.#inbox })
    const entered = new EnteredRanges()
    this.#teller = new InboxTeller({ inbox, entered, maker, peers: this.#peers })
    const answers = new DirectAnswers({
      store,
      inbox,
      mailboxes,
      receipts: this.#receipts,
      maker,
      entered,
      ownReceipts: new OwnReceipts({ store, inbox, own: signer.publicKey, channel: this.#inbox }),
      topics: this.topics.teller,
      receive,
      charge: components.charge,
      pastelIdOf,
      onMissing,
    })
    this.#server = new DirectServer({
      answer: (request, peer, signal) => answers.answer(request, peer, signal),
      onRefused: (what, peer) => {
        components.counters.direct.refused[what] += 1
        components.onOffence(peer)
      },
      onError: components.onError,
    })
    this.#visits = new MailboxVisits({ own: this.#own, mailboxes, peers: this.#peers })
    this.#status = new DeliveryStatusReader({
      store,
      own: this.#own,
      receipts: this.#receipts,
      left: this.#left,
      waiting: this.#waiting,
      again: this.#again,
    })
  }

  /** Reads what was kept; before the node's certificate is made. @throws StorageError */
  async load(): Promise<void> {
    await this.keys.start()
    await this.#receipts.start()
    await this.topics.start()
    await this.#left.start()
    await this.#waiting.start()
    await this.#handOver.start()
    await this.#again.start(this.#receipts.all())
    await this.doubles.start()
  }

  /** @param registrar one that lets certified connections only */
  async start(registrar: Registrar): Promise<void> {
    this.#isRunning = true
    await this.#server.start(registrar)
  }

  /** Delivers from now on: the node may send. */
  async begin(): Promise<void> {
    this.#stopListening = this.#components.book.listen({
      added: ({ pastelId }) => {
        this.sender.known(pastelId)
        this.#again.known(pastelId)
      },
      remembered: ({ pastelId }) => this.sender.known(pastelId),
    })
    this.#visits.start()
    this.#sweeper = setInterval(() => void this.#sweep().catch(this.#components.onError), SWEEP_MS)
    // What a commit wrote that was said to have failed: nobody else knows that it is there.
    const goOn = () => void this.#deliveries.start().catch(this.#components.onError)
    this.#stopGoingOn = this.#components.store.onReopened(goOn)
    await this.#deliveries.start()
    this.sender.begin()
    this.#handOver.begin()
    this.#again.begin()
  }

  /** Nothing goes by other ways any more: while what goes can still be written down. */
  async stopHandingOver(): Promise<void> {
    await this.#handOver.stop()
  }

  async stop(): Promise<void> {
    this.#isRunning = false
    clearInterval(this.#sweeper)
    this.#stopListening?.()
    this.#stopGoingOn?.()
    this.#visits.stop()
    // Those who wait for an answer would keep the server.
    await this.topics.stop()
    await this.#server.stop()
    this.#peers.stop()
    await this.#mailboxTeller.stop()
    await this.#restored.stop()
    await this.#deliveries.stop()
    await this.#teller.stop()
    await this.sender.stop()
    await this.#again.stop()
    this.#wakeAll()
  }

  /** A peer is talked to by this connection from now on. */
  connected(connection: Connection): void {
    const peerId = connection.remotePeer.toString()
    const name = this.#components.pastelIdOf(peerId)
    if (name === undefined) return
    this.#peers.connected(peerId, name, connection)
    this.#deliveries.connected(name)
    this.#restored.connected(name)
    this.#mailboxConnected(name)
  }

  disconnected(peerId: string): void {
    this.#peers.disconnected(peerId)
  }

  /** A batch of this node to an inbox is on disk. */
  committed(stored: StoredBatch): void {
    const channel = parseChannel(stored.signed.batch.channel)
    if (channel.kind === 'inbox' && channel.recipient !== this.#own) this.#deliveries.look(channel.recipient)
  }

  /** Log sync brought a batch. @param from who gave it */
  synced(signed: SignedBatch, from: PastelId | undefined): void {
    if (signed.batch.channel === this.#inbox) this.#teller.arrived(signed, from)
    const channel = parseChannel(signed.batch.channel)
    // One of this node's own, which a copy of its folder lacks: whether it was delivered is asked.
    if (channel.kind === 'inbox' && channel.recipient !== this.#own) this.#deliveries.look(channel.recipient)
  }

  waiting(): WaitingSummary[] {
    return this.#waiting.list()
  }

  status(id: string): Promise<DeliveryStatus> {
    return this.#status.status(id)
  }

  /** Resolves when a message's state does not change any more. @throws as {@link status}; the signal's reason */
  async waitForDelivery(id: string, signal?: AbortSignal): Promise<DeliveryStatus> {
    signal?.throwIfAborted()
    const look = await this.#status.find(id)
    for (;;) {
      signal?.throwIfAborted()
      const changed = this.#nextChange(signal)
      const status = await look()
      if (isFinal(status)) return status
      if (!this.#isRunning) throw new MeshError('ERR_STOPPED', 'the node stopped before it knew')
      await changed
    }
  }

  #wakeAll(): void {
    for (const wake of [...this.#settled]) wake()
  }

  #nextChange(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(() => done(), POLL_MS)
    const done = () => {
      clearTimeout(timer)
      this.#settled.delete(done)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    this.#settled.add(done)
    signal?.addEventListener('abort', done, { once: true })
    return promise
  }

  #onSettled(ranges: readonly ReceiptRange[], receipt: KnownReceipt): void {
    this.#again.known(receipt.by)
    this.#wakeAll()
    for (const range of ranges) this.#components.onDelivery({ ...range, recipient: receipt.by })
    const mailboxes = new Set(ranges.flatMap((range) => this.#left.holdersOfSome(range)))
    for (const name of mailboxes) this.#mailboxTeller.tell(name, [receipt])
  }

  /** It is there: what recipients have said since it was there last. */
  #mailboxConnected(name: PastelId): void {
    const receipts = this.#left.rangesAt(name).flatMap((range) => this.#receipts.about(range))
    this.#mailboxTeller.connected(name, receipts)
  }

  async #sweep(): Promise<void> {
    await this.#waiting.sweep()
    await this.#receipts.sweep()
    await this.#again.sweep()
    await this.doubles.sweep()
    await this.topics.sweep()
    for (const log of this.#left.logs()) {
      if (!(await isLogStored(this.#components.store, log))) await this.#left.forget(log)
    }
  }
}
