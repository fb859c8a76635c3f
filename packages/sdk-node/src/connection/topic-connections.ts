import type { PastelId } from '@pastel-mesh/identity'
import type { Certificate } from '@pastel-mesh/protocol'
import type { AddressBook, BookEntry } from './address-book.ts'
import { isRelay } from './relay-role.ts'
import { type Announcer, TopicCounts } from './topic-counts.ts'

export interface TopicConnectionsComponents {
  readonly book: AddressBook
  /** Topics that this node carries. */
  readonly topics: () => readonly string[]
  /** The peers that are connected, and what they announce. */
  readonly peers: () => Iterable<Announcer & { readonly pastelId: PastelId }>
  /** Connects to the node of a certificate; resolves when both sides accepted each other. */
  readonly connectTo: (certificate: Certificate, signal: AbortSignal) => Promise<void>
  /** Whether somebody is to be left alone: it is no member, was disconnected, or is refused for a while. */
  readonly isLeftAlone: (pastelId: PastelId) => boolean
  /** This node's key, 32 bytes. */
  readonly nodeKey: Uint8Array
}

/** Connections to members of each topic: gossip then never depends on somebody in between who is none. */
const MIN_TOPIC_PEERS = 6
/**
 * Of those, relays count for so many, which carry any topic: half of them, for one that is full does not say so.
 */
const MAX_TOPIC_RELAYS = 3
/** Connections in all: a node whose only bootstrap node goes is not alone. */
const MIN_PEERS = 3
/** Connections above which none are made here: the transport has 200, and others want to come in, too. */
const MAX_PEERS = 128

/** Dials at a time. */
const MAX_DIALS = 4
/** A dial, the exchange of certificates included. */
const DIAL_TIMEOUT_MS = 10_000
/** How long somebody is left alone after a failure or a loss; doubled with each in a row, with jitter. */
const MIN_PAUSE_MS = 1_000
const MAX_PAUSE_MS = 5 * 60_000
/** A connection that held that long was good: the next loss begins at the shortest pause again. */
const GOOD_AFTER_MS = 30_000

/** How often it is looked at whether connections are missing. */
const INTERVAL_MS = 4_000
/** For somebody whose turn comes, it is looked no more often than that. */
const MIN_LOOK_MS = 250
/** What changes together is looked at together. */
const GATHER_MS = 50
/**
 * Of two nodes that hear of each other at the same time the one with the lower key dials: it would also choose which
 * of two connections stays. The other one waits that long for it.
 */
const YIELD_MS = 1_000

interface Pause {
  pauseMs: number
  untilMs: number
  /** Since when it has been connected. */
  connectedMs?: number
}

/** Somebody to dial, and from when on. */
interface Candidate {
  readonly entry: BookEntry
  readonly fromMs: number
}

/**
 * Makes the connections that a node lacks, to members that the address book knows, chosen at random: six for each of
 * its topics, or as many as there are, and three in all. It ends none.
 */
export class TopicConnections {
  readonly #components: TopicConnectionsComponents
  readonly #dialling = new Map<PastelId, BookEntry>()
  readonly #pauses = new Map<PastelId, Pause>()
  readonly #stopped = new AbortController()
  #isRunning = false
  #timer: NodeJS.Timeout | undefined
  #timerMs = Number.POSITIVE_INFINITY
  #stopListening: (() => void) | undefined

  constructor(components: TopicConnectionsComponents) {
    this.#components = components
  }

  start(): void {
    this.#isRunning = true
    this.#stopListening = this.#components.book.listen({
      added: () => this.look(),
      removed: ({ pastelId }) => this.#pauses.delete(pastelId),
    })
    this.look()
  }

  stop(): void {
    this.#isRunning = false
    this.#stopped.abort()
    this.#stopListening?.()
    clearTimeout(this.#timer)
  }

  connected(pastelId: PastelId): void {
    const pause = this.#pauses.get(pastelId)
    if (pause !== undefined) pause.connectedMs = performance.now()
  }

  /** A peer is gone: whatever it was, it is not dialled again at once. */
  disconnected(pastelId: PastelId): void {
    this.#pause(pastelId)
    this.look()
  }

  /** Looks soon whether connections are missing: something has changed. */
  look(): void {
    this.#lookIn(GATHER_MS)
  }

  #lookIn(pauseMs: number): void {
    if (!this.#isRunning) return
    const atMs = performance.now() + pauseMs
    if (this.#timer !== undefined && this.#timerMs <= atMs) return
    clearTimeout(this.#timer)
    this.#timerMs = atMs
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#lookIn(Math.min(INTERVAL_MS, Math.max(MIN_LOOK_MS, this.#dialMissing())))
    }, pauseMs)
  }

  /** @returns in how many ms somebody can be dialled whose turn has not come, if anybody is needed */
  #dialMissing(): number {
    const peers = [...this.#components.peers()]
    const there = new TopicCounts(peers)
    const relaysOf = (topic: string) => there.relaysOf(topic) + this.#dialled.relaysOf(topic)
    const missing = (topic: string) =>
      MIN_TOPIC_PEERS -
      there.membersOf(topic) -
      this.#dialled.membersOf(topic) -
      Math.min(MAX_TOPIC_RELAYS, relaysOf(topic))
    const missingInAll = () => MIN_PEERS - peers.length - this.#dialling.size
    const topics = this.#components.topics().filter((topic) => missing(topic) > 0)
    if (topics.length === 0 && missingInAll() <= 0) return Number.POSITIVE_INFINITY
    const candidates = this.#candidates(new Set(peers.map(({ pastelId }) => pastelId)))
    const nowMs = performance.now()
    const ready = shuffled(candidates.filter(({ fromMs }) => fromMs <= nowMs))
    const hasRoom = () => this.#dialling.size < MAX_DIALS && peers.length + this.#dialling.size < MAX_PEERS
    for (const topic of topics) {
      for (const { entry } of ready) {
        if (missing(topic) <= 0 || !hasRoom()) break
        if (entry.certificate.topics.includes(topic)) void this.#dial(entry)
      }
      for (const { entry } of ready) {
        if (missing(topic) <= 0 || relaysOf(topic) >= MAX_TOPIC_RELAYS || !hasRoom()) break
        if (isRelay(entry.certificate)) void this.#dial(entry)
      }
    }
    for (const { entry } of ready) {
      if (missingInAll() <= 0 || !hasRoom()) break
      void this.#dial(entry)
    }
    // Whoever of the others is needed is seen then.
    const later = candidates.filter(({ fromMs }) => fromMs > nowMs).map(({ fromMs }) => fromMs - nowMs)
    return Math.min(...later, Number.POSITIVE_INFINITY)
  }

  get #dialled(): TopicCounts {
    return new TopicCounts(this.#dialling.values())
  }

  /** Everybody who might be dialled. */
  #candidates(connected: ReadonlySet<PastelId>): Candidate[] {
    const { book, isLeftAlone, nodeKey } = this.#components
    const candidates: Candidate[] = []
    for (const entry of book.entries()) {
      const { pastelId, certificate, sinceMs } = entry
      if (connected.has(pastelId) || this.#dialling.has(pastelId)) continue
      if (certificate.addresses.length === 0 || isLeftAlone(pastelId)) continue
      const yieldMs = Buffer.compare(nodeKey, certificate.nodeKey) < 0 ? 0 : YIELD_MS
      const untilMs = this.#pauses.get(pastelId)?.untilMs ?? 0
      candidates.push({ entry, fromMs: Math.max(untilMs, sinceMs + yieldMs) })
    }
    return candidates
  }

  async #dial(entry: BookEntry): Promise<void> {
    const { pastelId, certificate } = entry
    if (this.#dialling.has(pastelId)) return
    const { signal } = this.#stopped
    this.#dialling.set(pastelId, entry)
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)])
      await this.#components.connectTo(certificate, limit)
    } catch {
      this.#pause(pastelId)
    } finally {
      this.#dialling.delete(pastelId)
      this.look()
    }
  }

  #pause(pastelId: PastelId): void {
    const nowMs = performance.now()
    const before = this.#pauses.get(pastelId)
    const wasGood = before?.connectedMs !== undefined && nowMs - before.connectedMs > GOOD_AFTER_MS
    const pauseMs =
      before === undefined || wasGood ? MIN_PAUSE_MS : Math.min(MAX_PAUSE_MS, before.pauseMs * 2)
    // Whoever is not in the book is not dialled: nothing is remembered of it.
    if (this.#components.book.entry(pastelId) === undefined) return
    this.#pauses.set(pastelId, { pauseMs, untilMs: nowMs + pauseMs * (0.5 + Math.random()) })
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  const all = [...items]
  for (let i = all.length - 1; i > 0; i -= 1) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[all[i], all[j]] = [all[j] as T, all[i] as T]
  }
  return all
}
