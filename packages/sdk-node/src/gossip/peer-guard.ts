import type { GossipSub } from '@libp2p/gossipsub'
import type { Connection } from '@libp2p/interface'
import type { PastelId } from '@pastel-mesh/identity'
import { cutOff, hangUp } from '../connection/hang-up.ts'
import { TokenBucket } from '../inbound/token-bucket.ts'
import { Denials } from './denials.ts'
import { gossipsubInternals } from './gossipsub-internals.ts'
import { GRAYLIST_THRESHOLD } from './settings.ts'

/** A certified connection, and whose it is. */
export interface GuardedPeer {
  readonly peerId: string
  readonly pastelId: PastelId
  readonly connection: Connection
}

export interface PeerGuardComponents {
  readonly gossipsub: GossipSub
  /** Connections whose certificates are accepted. */
  readonly certified: () => Iterable<GuardedPeer>
  /** Whom the operator has banned. @default nobody */
  readonly isBanned?: (name: string) => boolean
  /** Lets gossipsub try again to open its stream on a connection. */
  readonly reopen: (connection: Connection) => void
}

/**
 * Times that one peer may break the rules of a protocol, as its bytes alone show: as often as gossip forgives at once, and
 * one a minute comes back. An honest node never does.
 */
const OFFENCES = { perSecond: 1 / 60, burst: 10 }
/** Peers of whom offences are remembered: those who offended longest ago leave first. */
const MAX_OFFENDERS = 4096

/** How often peers are looked at. */
const INTERVAL_MS = 2_000
/** A certified peer has its gossip stream by then. */
const MUTE_AFTER_MS = 5_000
/** Looks at which it had none before it is given up: after a stall of this node the time alone says nothing. */
const MUTE_LOOKS = 3

/**
 * Does what gossipsub leaves to its user: cuts off graylisted peers and refuses them for a while, their node by its
 * PeerId and its owner, who can make another node key, by the PastelID; does the same with those who break the rules of
 * other protocols again and again; and sees to peers that have lost their
 * stream (an overflowing buffer, an oversize frame, the other of two connections closed). Such a peer stays
 * connected, but hears nothing: the stream is opened again, and if that fails the connection is closed, so that it
 * is dialled anew.
 */
export class PeerGuard {
  readonly #gossipsub: ReturnType<typeof gossipsubInternals>
  readonly #components: PeerGuardComponents
  readonly #denials = new Denials()
  /** By PastelID. */
  readonly #offences = new Map<PastelId, TokenBucket>()
  /** Connection id → since when, and at how many looks, its peer had no gossip stream. */
  readonly #mute = new Map<string, { sinceMs: number; looks: number }>()
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
    this.#mute.clear()
  }

  /** Whether a PeerId or a PastelID is refused at this time (ms, monotonic), by this guard or by the operator. */
  isDenied(name: string, nowMs: number = performance.now()): boolean {
    return this.#components.isBanned?.(name) === true || this.#denials.has(name, nowMs)
  }

  /** What gossip thinks of a peer: below zero it broke rules. */
  scoreOf(peerId: string): number {
    return this.#gossipsub.getScore(peerId)
  }

  /** A certified peer broke the rules of a protocol: after some times it is cut off and refused, as by its score. */
  offended(peerId: string, nowMs: number = performance.now()): void {
    const peer = [...this.#components.certified()].find((one) => one.peerId === peerId)
    if (peer === undefined) return
    const { pastelId, connection } = peer
    const offences = this.#offences.get(pastelId) ?? new TokenBucket(OFFENCES)
    this.#offences.delete(pastelId)
    this.#offences.set(pastelId, offences)
    if (this.#offences.size > MAX_OFFENDERS) {
      this.#offences.delete(this.#offences.keys().next().value as PastelId)
    }
    if (offences.take(1)) return
    for (const name of [peerId, pastelId]) this.#denials.add(name, nowMs)
    cutOff(connection, 'it broke the rules again and again')
  }

  /** Looks at every certified connection once. */
  check(nowMs: number): void {
    const seen = new Set<string>()
    const graylisted = new Map<string, string>()
    for (const { peerId, pastelId, connection } of [...this.#components.certified()]) {
      seen.add(connection.id)
      if (this.#gossipsub.getScore(peerId) < GRAYLIST_THRESHOLD) {
        graylisted.set(peerId, pastelId)
        cutOff(connection, 'its score is under the graylist threshold')
      } else if (this.#isMute(connection, peerId, nowMs)) {
        hangUp(connection)
      }
    }
    for (const names of graylisted) for (const name of names) this.#denials.add(name, nowMs)
    for (const id of this.#mute.keys()) if (!seen.has(id)) this.#mute.delete(id)
  }

  #isMute(connection: Connection, peer: string, nowMs: number): boolean {
    if (this.#gossipsub.streamsOutbound.has(peer)) {
      this.#mute.delete(connection.id)
      return false
    }
    const mute = this.#mute.get(connection.id) ?? { sinceMs: nowMs, looks: 0 }
    mute.looks += 1
    this.#mute.set(connection.id, mute)
    if (nowMs - mute.sinceMs > MUTE_AFTER_MS && mute.looks >= MUTE_LOOKS) return true
    this.#components.reopen(connection)
    return false
  }
}
