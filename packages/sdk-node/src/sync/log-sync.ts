import { setTimeout as delay } from 'node:timers/promises'
import type { Connection, Stream } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'
import { MeshError } from '@pastel-mesh/identity'
import type { LogId, LogRange } from '@pastel-mesh/protocol'
import { type MessageStore, StorageError } from '@pastel-mesh/storage'
import type { SyncCounters } from '../counters.ts'
import type { Verdict } from '../inbound/pipeline.ts'
import { pastelIdOf } from '../pastel-id-of.ts'
import { DirectSenders, directSenders } from './direct-senders.ts'
import { Gaps } from './gaps.ts'
import { serveSync } from './holder.ts'
import { KeptPlaces } from './kept-places.ts'
import { LostRequests } from './lost-requests.ts'
import { RangeClaims } from './range-claims.ts'
import { type SyncDelivery, SyncReader } from './reader.ts'

/** Protocol on which a node reads another's arrival order. */
const SYNC_PROTOCOL = '/pastel-mesh/log/1'

export interface LogSyncOptions {
  /** How often a few peers are asked for what gossip did not bring, in ms. @default 4000 */
  readonly intervalMs: number
  /** How long all holders that can be reached must have denied a gap before it is given up, in ms. */
  readonly lostAfterMs: number
  /** How far back the history of the channels is wanted, in ms. @default all of it */
  readonly historyMs?: number
  /** How long checkpoints gather before they are written, in ms. @default 5000 */
  readonly keepPlacesAfterMs?: number
}

export interface LogSyncComponents {
  readonly store: MessageStore
  readonly counters: SyncCounters
  /** The node's own public key. */
  readonly own: Uint8Array
  /** What is read of a peer. */
  readonly channels: (peer: string) => readonly string[]
  readonly receive: (envelope: Uint8Array, peer: string, delivery: SyncDelivery) => Promise<Verdict>
  /** The PastelID of a certified peer, as its public key. */
  readonly senderOf: (peer: string) => Uint8Array | undefined
  /** Told what a peer's clock showed, see {@link peerEpochMs}. */
  readonly onClock?: (peer: string, epochMs: number) => void
  /** Told when a peer broke the rules or does not answer. */
  readonly onError: (error: unknown, peer: string) => void
}

/** Peers asked at each interval: enough that what one missed another has. */
const NEIGHBOURS = 3

/** Pause before the next pass when the last brought nothing: a peer that shows gaps without end is one of many. */
const IDLE_PAUSE_MS = 250

/** How long a peer is left alone after a failure; doubled with each in a row. */
const MIN_FAILURE_PAUSE_MS = 1_000
const MAX_FAILURE_PAUSE_MS = 5 * 60_000

interface PeerState {
  /** What it is called where gaps are concerned: its PastelID, so that a new node key makes no new peer of it. */
  readonly name: string
  readonly reader: SyncReader
  readonly connection: Connection
  /** When it was asked last; monotonic, in ms. */
  askedMs: number
  running: Promise<void> | undefined
  /** Asked for while a pass was running: another follows. */
  again: boolean
  /** Passes that failed in a row. */
  failures: number
  /** It is left alone until then. */
  pausedUntilMs: number
  /** What had been given up, and may have come to it. */
  readonly lost: LostRequests
}

/** With so many failed passes in a row a peer does not count as one that can be reached. */
const MAX_REACHABLE_FAILURES = 3

/**
 * Log sync: gossip makes it fast, this makes it certain. Reads from every certified peer when it connects, from
 * the peer that showed a gap at once, and from a few at every interval, so that a lost tail shows as well.
 */
export class LogSync {
  readonly #options: LogSyncOptions
  readonly #components: LogSyncComponents
  readonly #peers = new Map<string, PeerState>()
  readonly #places: KeptPlaces
  readonly #claims = new RangeClaims()
  readonly #direct = new DirectSenders()
  readonly #gaps: Gaps
  readonly #running = new Set<Promise<void>>()
  readonly #serving = new Set<Stream>()
  #registrar: Registrar | undefined
  #timer: NodeJS.Timeout | undefined
  #removeReopened: (() => void) | undefined
  #removeDisk: (() => void) | undefined
  #isStopped = false

  constructor(options: LogSyncOptions, components: LogSyncComponents) {
    this.#options = options
    this.#components = components
    this.#gaps = new Gaps(options, { store: components.store })
    const { keepPlacesAfterMs: gatherMs } = options
    this.#places = new KeptPlaces(gatherMs === undefined ? {} : { gatherMs }, { store: components.store })
  }

  /** @param registrar one that lets certified connections only */
  async start(registrar: Registrar): Promise<void> {
    this.#registrar = registrar
    await this.#places.start()
    await registrar.handle(SYNC_PROTOCOL, (stream, connection) => this.#serve(stream, connection), {
      maxInboundStreams: 2,
      maxOutboundStreams: 2,
    })
    this.#removeReopened = this.#components.store.onReopened(() => this.#lookAgain())
    this.#removeDisk = this.#components.store.disk.onChange(() => this.#readAll())
    this.#schedule()
  }

  /** Reads and answers no more; what is on its way from the peers to the disk has arrived. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    this.#removeReopened?.()
    this.#removeDisk?.()
    for (const { reader } of this.#peers.values()) reader.close()
    this.#peers.clear()
    await this.#registrar?.unhandle(SYNC_PROTOCOL)
    for (const stream of this.#serving) stream.abort(new Error('the node stops'))
    await Promise.all(this.#running)
    await this.#places.stop()
  }

  connected(peer: string, connection: Connection): void {
    if (this.#isStopped) return
    const before = this.#peers.get(peer)
    if (before?.connection === connection) return
    before?.reader.close()
    const name = this.#nameOf(peer)
    const sinceMs = () => this.#sinceMs()
    const reader = new SyncReader({
      store: this.#components.store,
      counters: this.#components.counters,
      place: this.#places.open(name, new Set([...this.#peers.values()].map(({ name }) => name))),
      sinceMs,
      claims: this.#claims,
      openStream: (signal) => connection.newStream(SYNC_PROTOCOL, { signal }),
      receive: (envelope, delivery) => this.#components.receive(envelope, peer, delivery),
      sender: () => this.#components.senderOf(peer),
      direct: () => this.#directNow(),
      onClock: (epochMs) => this.#components.onClock?.(peer, epochMs),
      onDenied: (denied, pruned) => this.#denied(peer, denied, pruned),
    })
    const lost = new LostRequests({
      store: this.#components.store,
      fetch: (ranges) => reader.fetchLost(ranges),
      sinceMs,
    })
    const state: PeerState = {
      name,
      reader,
      lost,
      connection,
      askedMs: 0,
      running: undefined,
      again: false,
      failures: 0,
      pausedUntilMs: 0,
    }
    this.#peers.set(peer, state)
    this.#gaps.returned(state.name)
    this.read(peer)
  }

  disconnected(peer: string): void {
    this.#peers.get(peer)?.reader.close()
    this.#peers.delete(peer)
    this.#direct.forget(peer)
    this.#noticeCutOff()
  }

  /**
   * Reads from a peer now, unless it failed lately or the disk has no room for what it gives; if a pass is running, once more after it.
   * @param gap the log that showed a gap
   */
  read(peer: string, gap?: LogId): void {
    const state = this.#peers.get(peer)
    if (state === undefined || isPaused(state) || !this.#hasRoom) return
    if (gap !== undefined) this.#places.get(state.name)?.hurry(gap)
    state.askedMs = performance.now()
    if (state.running !== undefined) {
      state.again = true
      return
    }
    const running = this.#run(peer, state).finally(() => {
      state.running = undefined
      this.#running.delete(running)
    })
    state.running = running
    this.#running.add(running)
  }

  /** Whether a peer is connected to another's node, too; undefined if it has not said yet. */
  reaches(peer: string, other: string): boolean | undefined {
    const sender = this.#components.senderOf(other)
    return sender === undefined ? undefined : this.#direct.reaches(peer, sender)
  }

  #directNow(): Uint8Array[] {
    const publicKeys = [...this.#peers.keys()].map((peer) => this.#components.senderOf(peer))
    return directSenders(publicKeys.filter((publicKey) => publicKey !== undefined))
  }

  async #run(peer: string, state: PeerState): Promise<void> {
    const { signal } = state.reader
    do {
      state.again = false
      const isFruitful = await this.#pass(peer, state)
      if (state.again && !isFruitful) await delay(IDLE_PAUSE_MS, undefined, { signal }).catch(() => {})
    } while (state.again && !signal.aborted && !isPaused(state) && this.#hasRoom)
  }

  /** @returns whether anything came */
  async #pass(peer: string, state: PeerState): Promise<boolean> {
    const { reader, connection } = state
    try {
      const isFruitful = await reader.pass(this.#components.channels(peer))
      await this.#fillGaps(state)
      state.failures = 0
      return isFruitful
    } catch (error) {
      reader.reset()
      // A database that is being opened anew is not the peer's fault, and whoever closed it said why.
      if (reader.signal.aborted || error instanceof StorageError) return false
      state.failures += 1
      this.#count(error)
      const pauseMs = MIN_FAILURE_PAUSE_MS * 2 ** (state.failures - 1)
      state.pausedUntilMs = performance.now() + Math.min(MAX_FAILURE_PAUSE_MS, pauseMs)
      this.#noticeCutOff()
      if (connection.status === 'open' && !isHangUp(error)) this.#components.onError(error, peer)
      return false
    } finally {
      this.#places.changed()
    }
  }

  #count(error: unknown): void {
    if (isHangUp(error)) return
    const isTimeout = error instanceof MeshError && error.code === 'ERR_SYNC_TIMEOUT'
    this.#components.counters[isTimeout ? 'timeouts' : 'refused'] += 1
  }

  /** Asks a peer for what held batches wait for, and for what had been given up. */
  async #fillGaps(state: PeerState): Promise<void> {
    await this.#gaps.refresh()
    const missing = this.#gaps.ask(state.name)
    if (missing.length > 0) await state.reader.fetchMissing(missing)
    state.lost.announced(state.reader.takeAnnounced())
    await state.lost.pass()
    await this.#settleGaps()
  }

  /** Gives up what all deny, and asks those who were not asked yet. */
  async #settleGaps(): Promise<void> {
    const reachable = this.#reachable()
    const toAsk = await this.#gaps.settle(new Set(reachable.keys()))
    for (const name of pick([...toAsk], NEIGHBOURS)) {
      const peer = reachable.get(name)
      if (peer !== undefined && this.#peers.get(peer)?.running === undefined) this.read(peer)
    }
  }

  /** The peers that answer, by their names. */
  #reachable(): Map<string, string> {
    const reachable = new Map<string, string>()
    for (const [peer, { name, failures }] of this.#peers) {
      if (failures < MAX_REACHABLE_FAILURES) reachable.set(name, peer)
    }
    return reachable
  }

  readonly #byLastAsked = (a: string, b: string): number =>
    (this.#peers.get(a)?.askedMs ?? 0) - (this.#peers.get(b)?.askedMs ?? 0)

  #noticeCutOff(): void {
    if (this.#reachable().size === 0) this.#gaps.cutOff()
  }

  #nameOf(peer: string): string {
    const sender = this.#components.senderOf(peer)
    return sender === undefined ? peer : pastelIdOf(sender)
  }

  async #denied(peer: string, denied: readonly LogRange[], pruned: readonly LogRange[]): Promise<void> {
    this.#gaps.denied(this.#peers.get(peer)?.name ?? this.#nameOf(peer), [...denied, ...pruned])
    const sender = this.#components.senderOf(peer)
    if (sender !== undefined && pruned.length > 0) await this.#gaps.pruned(sender, pruned)
  }

  /** Commits failed: what was taken for stored, on its way to the disk as it was, may not be. */
  #lookAgain(): void {
    for (const place of this.#places.all()) place.forget()
    this.#readAll()
  }

  /** Somebody is a member now whose batches were not taken: what is known of them is asked for again. */
  membersJoined(): void {
    for (const place of this.#places.all()) place.hurryAll()
    this.#readAll()
  }

  #readAll(): void {
    for (const peer of this.#peers.keys()) this.read(peer)
  }

  get #hasRoom(): boolean {
    return this.#components.store.disk.hasRoom
  }

  /** How far back the history is wanted. */
  #sinceMs(): number {
    const { historyMs = Number.POSITIVE_INFINITY } = this.#options
    return Math.max(0, Date.now() - historyMs)
  }

  async #serve(stream: Stream, connection: Connection): Promise<void> {
    const peer = connection.remotePeer.toString()
    this.#serving.add(stream)
    try {
      await serveSync(stream, {
        ...this.#components,
        asker: () => this.#components.senderOf(peer),
        onDirect: (senders) => {
          if (this.#peers.has(peer)) this.#direct.told(peer, senders)
        },
      })
    } catch (error) {
      stream.abort(error as Error)
    } finally {
      this.#serving.delete(stream)
    }
  }

  #schedule(): void {
    const pauseMs = this.#options.intervalMs * (0.8 + 0.4 * Math.random())
    this.#timer = setTimeout(() => {
      const peers = [...this.#peers].filter(([, state]) => !isPaused(state)).map(([peer]) => peer)
      // Whoever was not asked for longest: each of them in turn learns, too, to whom this node is connected.
      for (const peer of pick(peers, peers.length).sort(this.#byLastAsked).slice(0, NEIGHBOURS))
        this.read(peer)
      this.#schedule()
    }, pauseMs)
  }
}

function isPaused(state: PeerState): boolean {
  return state.pausedUntilMs > performance.now()
}

/** The other end may have its reasons, its own end for one. */
function isHangUp(error: unknown): boolean {
  return error instanceof MeshError && error.code === 'ERR_SYNC_CLOSED'
}

/** Some of the items, chosen at random. */
function pick<T>(items: T[], count: number): T[] {
  for (let i = 0; i < Math.min(count, items.length); i += 1) {
    const j = i + Math.floor(Math.random() * (items.length - i))
    ;[items[i], items[j]] = [items[j] as T, items[i] as T]
  }
  return items.slice(0, count)
}
