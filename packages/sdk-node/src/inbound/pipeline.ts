import { availableParallelism } from 'node:os'
import { type PastelId, verifySignature } from '@pastel-mesh/identity'
import {
  ENCODING_PLAIN,
  inboxChannel,
  payloadContentBytes,
  type SignedBatch,
  type SplitEnvelope,
  signedText,
  splitEnvelope,
} from '@pastel-mesh/protocol'
import { type MessageStore, type Missing, StorageError, type StoredBatch } from '@pastel-mesh/storage'
import type { NodeCounters } from '../counters.ts'
import type { InboxIntake, OpenedBatch } from '../direct/inbox-intake.ts'
import type { MemberRegistry } from '../members/member-registry.ts'
import { ByteBudget } from './byte-budget.ts'
import { Deduplicator, type Settle } from './dedup.ts'
import {
  type DecodedBatch,
  type Drop,
  Dropped,
  decodeMessages,
  judgeStanding,
  openEnvelope,
} from './judge.ts'
import { Limiter } from './limiter.ts'
import { Lines } from './lines.ts'
import { type InboundRates, RateLimiter } from './rates.ts'
import { type OpeningRates, SenderOpenings } from './sender-openings.ts'

/** How a batch came. */
export interface Delivery {
  readonly via: 'gossip' | 'sync' | 'direct'
  /** PeerId of the node that delivered it. */
  readonly peer: string
  /** The channel that it came on, if the way it came says so. */
  readonly channel?: string
  /** Whether a batch is one that the peer was asked for; by default all are. */
  readonly isAsked?: (signed: SignedBatch) => boolean
  /**
   * Looks at a batch as soon as it is decoded, and ends it with what it throws. What is `carried` is for the inbox of
   * somebody else, and kept for it: nothing before it is waited for. @default all are let in, none is carried
   */
  readonly admit?: (signed: SignedBatch) => { readonly carried: boolean }
  /** Ends waiting for a rate. */
  readonly signal?: AbortSignal
}

/** What became of a batch. */
export type Verdict =
  /** Verified and in its place: forward it. `committed` fails if the disk does. */
  | { readonly action: 'accept'; readonly sender: PastelId; readonly committed: Promise<StoredBatch> }
  /** Verified, but messages before it are missing: forward it, fetch them. `committed`: it is held until then. */
  | {
      readonly action: 'accept'
      readonly sender: PastelId
      readonly missing: Missing
      readonly committed?: Promise<unknown>
    }
  | Drop

export interface InboundOptions {
  readonly network: string
  /** This node's own PastelID. */
  readonly own: PastelId
  /** What was made earlier than so long ago is taken if it comes, and not waited for, in ms. */
  readonly historyMs: number
  /** What a peer may deliver, before its batches are verified. */
  readonly peerRates: InboundRates
  /** What a sender may have delivered, after they are. */
  readonly senderRates: InboundRates
  /** What a sender may begin. @default DEFAULT_OPENING_RATES */
  readonly senderOpenings?: OpeningRates | undefined
}

/** What a batch takes beside its envelope. */
interface Load {
  /** Bytes of a compressed payload, decompressed. */
  contentBytes: number
  /** Bytes in memory. */
  expandedBytes: number
}

export interface InboundComponents {
  readonly store: MessageStore
  readonly registry: MemberRegistry
  readonly counters: NodeCounters
  /** The PastelID of a certified peer. @default nobody's is known */
  readonly pastelIdOf?: (peer: string) => PastelId | undefined
  /** Opens what comes to this node's inbox. @default nothing opens */
  readonly inbox?: () => Pick<InboxIntake, 'open' | 'noted'>
}

/**
 * Bytes of batches between their arrival and the disk. Above it gossip is ignored, and log sync, which waits
 * its turn, fetches it later.
 */
const MAX_BYTES_IN_FLIGHT = 32 * 1024 * 1024

/**
 * Bytes that payloads take once they are read, between their arrival and the disk: a hundred compressed bytes may
 * hold half a megabyte, and a sync answer thousands of such batches. Above it gossip is ignored and log sync waits.
 */
const MAX_EXPANDED_BYTES = 32 * 1024 * 1024

/** What a message takes in memory beside its bytes: rough, and rather too much. */
const MESSAGE_BYTES = 256

/**
 * Verifying shares libuv's four threads with fsync: one core is left for the rest. Two at least: with one, its thread
 * waits for the main thread between any two, and single-message batches come a quarter slower.
 */
const MAX_VERIFICATIONS = Math.max(2, availableParallelism() - 1)

const OWN_IDENTITY =
  'a batch signed by this node that it did not write: it was restored from an older copy, or a copy of it runs'

/** The database was closed to be opened anew, and whoever closed it said why. */
const PASSING_FAILURES = new Set(['ERR_STORE_UNAVAILABLE', 'ERR_COMMIT_FAILED'])

/**
 * What happens to every batch that comes in, in this order:
 *
 * bounds → dedup → charge the delivering peer → canonical decode (a compressed payload is charged again, for what
 * it holds, before it is decompressed) → membership and time → signature →
 * charge the sender → (what came to this node's inbox is unsealed) → charge the sender for a new run or channel →
 * chain → forward; commit
 *
 * `receive` resolves when it is known whether to forward the batch; the commit goes on by itself.
 */
export class InboundPipeline {
  readonly #options: InboundOptions
  readonly #store: MessageStore
  readonly #registry: MemberRegistry
  readonly #counters: NodeCounters
  readonly #pastelIdOf: (peer: string) => PastelId | undefined
  readonly #intake: InboundComponents['inbox']
  readonly #inbox: string
  readonly #duplicates = new Deduplicator()
  /** By sender and channel: a run that follows another comes after it. */
  readonly #order = new Lines()
  readonly #verifications = new Limiter(MAX_VERIFICATIONS)
  readonly #expanded = new ByteBudget(MAX_EXPANDED_BYTES)
  readonly #peers: RateLimiter
  readonly #senders: RateLimiter
  readonly #openings: SenderOpenings
  #bytesInFlight = 0
  readonly #whenIdle: (() => void)[] = []

  constructor(options: InboundOptions, components: InboundComponents) {
    this.#options = options
    this.#store = components.store
    this.#registry = components.registry
    this.#counters = components.counters
    this.#pastelIdOf = components.pastelIdOf ?? (() => undefined)
    this.#intake = components.inbox
    this.#inbox = inboxChannel(options.own)
    this.#peers = new RateLimiter(options.peerRates)
    this.#senders = new RateLimiter(options.senderRates)
    this.#openings = new SenderOpenings(options, components)
  }

  /** Bytes of the batches that were let in and are not on disk, or refused, yet. */
  get bytesInFlight(): number {
    return this.#bytesInFlight
  }

  /** Bytes that such batches take beside their envelopes: payloads decompressed, and messages. */
  get expandedBytes(): number {
    return this.#expanded.takenBytes
  }

  setRates({ peerRates, senderRates }: Pick<InboundOptions, 'peerRates' | 'senderRates'>): void {
    this.#peers.setRates(peerRates)
    this.#senders.setRates(senderRates)
  }

  /** Charges a peer for other work, in what so many batches cost; resolves when its rate allows it. */
  charge(peer: string, batches: number, signal: AbortSignal): Promise<void> {
    return this.#peers.wait(peer, 0, signal, batches)
  }

  /** @throws StorageError ERR_STORE_READ; the delivery's signal's reason */
  async receive(envelope: Uint8Array, delivery: Delivery): Promise<Verdict> {
    let verdict: Verdict
    try {
      const split = splitInBounds(envelope)
      // Who leaves a batch is answered, whatever becomes of it: known bytes cost it as much as new ones.
      if (delivery.via === 'direct') await this.#chargePeer(envelope.length, delivery)
      if (!this.#store.disk.hasRoom) throw new Dropped('ignore', 'disk-reserve')
      this.#reserve(envelope.length, delivery)
      verdict = await this.#once(envelope, split, delivery)
    } catch (error) {
      verdict = this.#toDrop(error)
    }
    if (verdict.action !== 'accept') this.#counters.dropped[verdict.reason] += 1
    return verdict
  }

  /** Waits until all that was let in is on disk or refused. */
  async settled(): Promise<void> {
    while (this.#bytesInFlight > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve))
  }

  /** Claims the batch, and its bytes, until it is on disk or refused. */
  async #once(envelope: Uint8Array, split: SplitEnvelope, delivery: Delivery): Promise<Verdict> {
    let claim: Settle | undefined
    let committed: Promise<unknown> | undefined
    const load: Load = { contentBytes: 0, expandedBytes: 0 }
    try {
      claim = await this.#duplicates.claim(split.hash)
      if (claim === undefined) throw new Dropped('ignore', 'duplicate')
      const verdict = await this.#process(envelope, split, delivery, load)
      if (verdict.action === 'accept') committed = verdict.committed
      return verdict
    } finally {
      const settle = (isStored: boolean) => {
        this.#expanded.release(load.expandedBytes)
        this.#release(envelope.length)
        claim?.(isStored)
      }
      if (committed === undefined) settle(false)
      else
        committed.then(
          () => settle(true),
          () => settle(false),
        )
    }
  }

  async #process(
    envelope: Uint8Array,
    split: SplitEnvelope,
    delivery: Delivery,
    load: Load,
  ): Promise<Verdict> {
    if (delivery.via !== 'direct') await this.#chargePeer(envelope.length, delivery)
    const signed = openEnvelope(envelope, split, this.#options.network, delivery.channel)
    if (delivery.isAsked?.(signed) === false) throw new Dropped('reject', 'not-asked')
    const carried = delivery.admit?.(signed).carried ?? false
    await this.#expand(signed, delivery, load)
    const decoded = decodeMessages(signed)
    const { sender } = decoded
    const isOwnInbox = signed.batch.channel === this.#inbox
    const passage = { via: delivery.via, deliverer: this.#pastelIdOf(delivery.peer) }
    judgeStanding(decoded, passage, this.#registry, Date.now())
    // Entered before anything is waited for: what comes later must not get ahead.
    const { turn, leave } = this.#order.enter(`${sender} ${signed.batch.channel}`)
    try {
      if (await this.#store.has(signed)) throw new Dropped('ignore', 'duplicate')
      // Not worth a signature check: nothing of it is taken in.
      if ((await this.#store.log(signed.log, signed.logBytes))?.isFrozen)
        throw new Dropped('ignore', 'frozen')
      await this.#openings.assertNotOver(decoded)
      await this.#verify(decoded, delivery)
      await this.#chargeSender(sender, envelope.length + load.contentBytes, delivery)
      const opened = isOwnInbox ? await this.#intake?.().open(signed) : undefined
      await turn
      return await this.#openings.charged(decoded, () =>
        this.#place({ ...decoded, ...opened }, delivery, carried, opened),
      )
    } finally {
      leave()
    }
  }

  /** Charges the peer for what a compressed payload holds, and takes room for it. */
  async #expand({ batch }: SignedBatch, { via, peer, signal }: Delivery, load: Load): Promise<void> {
    const bytes = batch.encoding === ENCODING_PLAIN ? 0 : payloadContentBytes(batch)
    const expandedBytes = bytes + batch.count * MESSAGE_BYTES
    if (via !== 'gossip') {
      // Those that need nothing wait too: what comes later must not get ahead.
      await this.#peers.wait(peer, bytes, signal, 0)
      await this.#expanded.wait(expandedBytes, signal)
    } else {
      if (bytes > 0 && !this.#peers.take(peer, bytes, 0)) throw new Dropped('ignore', 'peer-rate')
      if (!this.#expanded.take(expandedBytes)) throw new Dropped('ignore', 'overload')
    }
    load.contentBytes = bytes
    load.expandedBytes = expandedBytes
  }

  /** What is said now comes before what sync catches up with. */
  async #verify({ signed }: DecodedBatch, { via }: Delivery): Promise<void> {
    this.#counters.verifications += 1
    const text = signedText('batch', signed.hash)
    const valid = await this.#verifications.run(
      () => verifySignature(signed.batch.sender, text, signed.signature),
      via === 'gossip',
    )
    if (!valid) throw new Dropped('reject', 'signature')
  }

  async #place(
    { signed, messages, sender }: DecodedBatch,
    { via }: Delivery,
    carried: boolean,
    opened: OpenedBatch | undefined,
  ): Promise<Verdict> {
    const { own, historyMs } = this.#options
    const values = opened === undefined ? [] : ((await this.#intake?.().noted(signed, opened)) ?? [])
    const placement = await this.#store.place(signed, {
      ...(messages === undefined ? {} : { messages }),
      ...(opened === undefined ? {} : { secret: opened.secret }),
      ...(values.length === 0 ? {} : { values }),
      carried,
      // Of an inbox everything is wanted that has not expired.
      wantedSinceMs: signed.batch.channel === this.#inbox ? 0 : Date.now() - historyMs,
      ...(sender === own ? { found: true, alert: { kind: 'own-identity', reason: OWN_IDENTITY } } : {}),
    })
    switch (placement.status) {
      case 'known':
        return { action: 'ignore', reason: 'duplicate' }
      case 'pruned':
      case 'frozen':
        return { action: 'ignore', reason: placement.status }
      case 'conflict':
        this.#watch(placement.committed)
        return { action: 'ignore', reason: 'conflict' }
      case 'gap':
        this.#counters.dropped.gap += 1
        return { action: 'accept', sender, missing: placement.missing }
      case 'held': {
        const committed = placement.committed.then(() => {
          this.#count(signed, via)
          this.#counters.received.held += 1
          // What goes with it is written with what enters the order; this does not yet.
          if (values.length > 0) return this.#store.values.write(values)
        })
        return { action: 'accept', sender, missing: placement.missing, committed: this.#watch(committed) }
      }
      case 'appended': {
        const committed = placement.committed.then((stored) => {
          this.#count(signed, via)
          return stored
        })
        return { action: 'accept', sender, committed: this.#watch(committed) }
      }
    }
  }

  #count({ batch }: SignedBatch, via: Delivery['via']): void {
    const { received } = this.#counters
    received.batches += 1
    received.messages += batch.count
    received[via] += 1
  }

  /** Counts what the disk does not take, and lets nobody's not waiting for it be an unhandled failure. */
  #watch<T>(committed: Promise<T>): Promise<T> {
    committed.catch(() => {
      this.#counters.dropped.store += 1
    })
    return committed
  }

  /** Gossip above the bound is ignored; sync, which asks for no more than it can hold, is let in. */
  #reserve(sizeBytes: number, { via }: Delivery): void {
    if (via === 'gossip' && this.#bytesInFlight + sizeBytes > MAX_BYTES_IN_FLIGHT) {
      throw new Dropped('ignore', 'overload')
    }
    this.#bytesInFlight += sizeBytes
  }

  #release(sizeBytes: number): void {
    this.#bytesInFlight -= sizeBytes
    if (this.#bytesInFlight === 0) for (const wake of this.#whenIdle.splice(0)) wake()
  }

  async #chargePeer(sizeBytes: number, { via, peer, signal }: Delivery): Promise<void> {
    if (via !== 'gossip') await this.#peers.wait(peer, sizeBytes, signal)
    else if (!this.#peers.take(peer, sizeBytes)) throw new Dropped('ignore', 'peer-rate')
  }

  async #chargeSender(sender: string, sizeBytes: number, { via, signal }: Delivery): Promise<void> {
    if (via !== 'gossip') await this.#senders.wait(sender, sizeBytes, signal)
    else if (!this.#senders.take(sender, sizeBytes)) throw new Dropped('ignore', 'sender-rate')
  }

  /** What a failure means for the batch: a database that is being opened anew takes it another time. */
  #toDrop(error: unknown): Drop {
    if (error instanceof Dropped) return error.drop
    if (error instanceof StorageError) {
      if (error.code === 'ERR_DISK_RESERVE') return { action: 'ignore', reason: 'disk-reserve' }
      if (PASSING_FAILURES.has(error.code)) return { action: 'ignore', reason: 'store' }
      this.#counters.dropped.store += 1
    }
    throw error
  }
}

function splitInBounds(envelope: Uint8Array): SplitEnvelope {
  try {
    return splitEnvelope(envelope)
  } catch {
    throw new Dropped('reject', 'malformed')
  }
}
