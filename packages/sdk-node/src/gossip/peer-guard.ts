import type { GossipSub } from '@libp2p/gossipsub'
import type { Connection } from '@libp2p/interface'
import { gossipsubInternals } from './gossipsub-internals.ts'
import { GRAYLIST_THRESHOLD } from './settings.ts'

export interface PeerGuardComponents {
  readonly gossipsub: GossipSub
  /** Connections whose certificates are accepted. */
  readonly certified: () => Iterable<Connection>
  readonly close: (connection: Connection, reason: string) => void
}

/** How often peers are looked at. */
const INTERVAL_MS = 2_000
/** A certified peer has its gossip stream by then. */
const MUTE_AFTER_MS = 5_000
/** How long a graylisted peer is refused; doubled at each repetition. */
const DENY_MS = 60_000
const MAX_DENY_MS = 60 * 60_000
/** Denied peers remembered: those whose time is over leave first. */
const MAX_DENIED = 4096

/**
 * Does what gossipsub leaves to its user: closes the connections of graylisted peers and refuses them for a
 * while; closes connections of peers that it lost its stream to (an overflowing buffer, an oversize frame), so
 * that they are dialled anew. Such a peer stays connected, but hears nothing.
 */
export class PeerGuard {
  readonly #gossipsub: ReturnType<typeof gossipsubInternals>
  readonly #components: PeerGuardComponents
  readonly #denied = new Map<string, { untilMs: number; times: number }>()
  /** Connection id → since when it has no gossip stream. */
  readonly #muteSince = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined

  constructor(components: PeerGuardComponents) {
    this.#components = components
    this.#gossipsub = gossipsubInternals(components.gossipsub)
  }

  start(): void {
    this.#timer ??= setInterval(() => this.check(performance.now()), INTERVAL_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#muteSince.clear()
  }

  /** Whether a peer is refused at this time (ms, monotonic). */
  isDenied(peer: string, nowMs: number = performance.now()): boolean {
    return (this.#denied.get(peer)?.untilMs ?? 0) > nowMs
  }

  /** Looks at every certified connection once. */
  check(nowMs: number): void {
    const seen = new Set<string>()
    for (const connection of this.#components.certified()) {
      seen.add(connection.id)
      const peer = connection.remotePeer.toString()
      if (this.#gossipsub.getScore(peer) < GRAYLIST_THRESHOLD) {
        this.#deny(peer, nowMs)
        this.#components.close(connection, 'its score is under the graylist threshold')
      } else if (this.#isMute(connection, peer, nowMs)) {
        this.#components.close(connection, 'it has no gossip stream')
      }
    }
    for (const id of this.#muteSince.keys()) if (!seen.has(id)) this.#muteSince.delete(id)
  }

  #isMute(connection: Connection, peer: string, nowMs: number): boolean {
    if (this.#gossipsub.streamsOutbound.has(peer)) {
      this.#muteSince.delete(connection.id)
      return false
    }
    const since = this.#muteSince.get(connection.id) ?? nowMs
    this.#muteSince.set(connection.id, since)
    return nowMs - since > MUTE_AFTER_MS
  }

  #deny(peer: string, nowMs: number): void {
    const times = (this.#denied.get(peer)?.times ?? 0) + 1
    const untilMs = nowMs + Math.min(MAX_DENY_MS, DENY_MS * 2 ** (times - 1))
    this.#denied.delete(peer)
    this.#denied.set(peer, { untilMs, times })
    if (this.#denied.size > MAX_DENIED) {
      const [oldest] = this.#denied.keys()
      if (oldest !== undefined) this.#denied.delete(oldest)
    }
  }
}
