import type { Connection, PeerId } from '@libp2p/interface'
import { hangUp } from './hang-up.ts'
import { pingConnection } from './ping-connection.ts'

export interface OneConnectionOptions {
  /** This node's PeerId. */
  readonly self: () => PeerId
  /** When the end that leaves the choice to the other chooses itself, in ms. @default 5000 */
  readonly patienceMs?: number
  /** How long one of two nodes with the same key keeps its turn, in ms. @default 10000 */
  readonly turnMs?: number
}

export interface OneConnectionComponents {
  /** Of several connections, this one is kept; the others are closed next. */
  readonly onKept: (connection: Connection) => void
  /** Whether a connection is alive. @default pings it */
  readonly answers?: (connection: Connection) => Promise<boolean>
  /** The certificate that the other end showed: one node shows the same on all of its connections. */
  readonly serialOf: (connection: Connection) => number | undefined
}

/** Certified connections of one peer: another one is closed at once. */
const MAX_CONNECTIONS = 2
/** The other end closes what is too many within that time; if it does not, this end does. */
const PATIENCE_MS = 5_000
/** A connection that does not answer a ping by then is left over from before a crash or a cut. */
const ANSWER_TIMEOUT_MS = 2_000
/** Two nodes with the same key take turns of that length: as long as log sync needs for some ten thousand messages. */
const TURN_MS = 10_000

interface Peer {
  /** The one that is used comes first. */
  readonly connections: Connection[]
  /** Since when it is used; monotonic, in ms. */
  sinceMs: number
  timer?: NodeJS.Timeout | undefined
  isChoosing: boolean
}

/**
 * One connection a peer. Two nodes that dial each other, or a node that dials twice, make more:
 *
 * ```
 *   one ── another is certified ──▶ two ── chosen: the other one is closed ──▶ one
 *                                    └── a third one is certified: closed at once
 * ```
 *
 * Both ends must keep the same, so the one with the lower node key chooses: the connection that it dialled itself,
 * else the one that was certified first. If that one does not answer a ping it takes the other: a node that lost
 * power comes back while its old connection still seems open. The end with the higher key chooses by the same rule,
 * but only if the other has not done so after some seconds.
 *
 * Connections that showed different certificates are of two nodes: one that was started anew, or a copy of a data
 * folder that runs beside the original. The newer one is used then, and the node that was hung up on comes again:
 * so two copies take turns, and log sync gets what each of them has.
 */
export class OneConnection {
  readonly #options: OneConnectionOptions
  readonly #components: OneConnectionComponents
  readonly #peers = new Map<string, Peer>()

  constructor(options: OneConnectionOptions, components: OneConnectionComponents) {
    this.#options = options
    this.#components = components
  }

  stop(): void {
    for (const { timer } of this.#peers.values()) clearTimeout(timer)
    this.#peers.clear()
  }

  /** A connection was certified. @returns whether it is the peer's first */
  add(connection: Connection): boolean {
    const name = connection.remotePeer.toString()
    const peer = this.#peers.get(name)
    if (peer === undefined) {
      this.#peers.set(name, { connections: [connection], sinceMs: performance.now(), isChoosing: false })
      return true
    }
    if (peer.connections.length >= MAX_CONNECTIONS) {
      hangUp(connection)
      return false
    }
    peer.connections.push(connection)
    const waitMs = this.#waitMs(peer)
    if (waitMs === 0) void this.#choose(peer)
    else peer.timer ??= setTimeout(() => void this.#choose(peer), waitMs)
    return false
  }

  /** A connection was closed. @returns whether it was the peer's last */
  remove(connection: Connection): boolean {
    const name = connection.remotePeer.toString()
    const peer = this.#peers.get(name)
    const index = peer?.connections.indexOf(connection) ?? -1
    if (peer === undefined || index < 0) return false
    peer.connections.splice(index, 1)
    if (peer.connections.length > 1) return false
    clearTimeout(peer.timer)
    peer.timer = undefined
    if (index === 0) peer.sinceMs = performance.now()
    if (peer.connections.length > 0) return false
    this.#peers.delete(name)
    return true
  }

  /** The connection of a peer that is used now. */
  of(peerId: string): Connection | undefined {
    return this.#peers.get(peerId)?.connections[0]
  }

  /** One connection of each peer. */
  *all(): Generator<Connection> {
    for (const { connections } of this.#peers.values()) if (connections[0] !== undefined) yield connections[0]
  }

  async #choose(peer: Peer): Promise<void> {
    peer.timer = undefined
    if (peer.isChoosing) return
    peer.isChoosing = true
    const { answers = isAlive } = this.#components
    const candidates = this.#areTwo(peer)
      ? peer.connections.toReversed()
      : peer.connections.toSorted((a, b) => this.#rank(a) - this.#rank(b))
    let kept: Connection | undefined
    for (const candidate of candidates) {
      if (await answers(candidate)) {
        kept = candidate
        break
      }
    }
    peer.isChoosing = false
    // The peer may have chosen while this node asked.
    if (peer.connections.length < 2) return
    const [first = peer.connections[0]] = candidates.filter((one) => peer.connections.includes(one))
    const choice = kept !== undefined && peer.connections.includes(kept) ? kept : first
    if (choice === undefined) return
    const others = peer.connections.filter((one) => one !== choice)
    if (choice !== peer.connections[0]) peer.sinceMs = performance.now()
    peer.connections.splice(0, peer.connections.length, choice, ...others)
    this.#components.onKept(choice)
    for (const other of others) hangUp(other)
  }

  /** How long to wait before one of a peer's connections is chosen. */
  #waitMs(peer: Peer): number {
    const { patienceMs = PATIENCE_MS, turnMs = TURN_MS } = this.#options
    const isChooser = peer.connections.every(({ remotePeer }) => this.#chooses(remotePeer))
    const turnLeftMs = this.#areTwo(peer) ? peer.sinceMs + turnMs - performance.now() : 0
    return Math.max(isChooser ? 0 : patienceMs, turnLeftMs)
  }

  /** Whether a peer's connections lead to two nodes. */
  #areTwo({ connections }: Peer): boolean {
    return new Set(connections.map(this.#components.serialOf)).size > 1
  }

  /** Lower is better; those of equal rank keep their order. */
  #rank({ direction, remotePeer }: Connection): number {
    return (direction === 'outbound') === this.#chooses(remotePeer) ? 0 : 1
  }

  #chooses(remote: PeerId): boolean {
    return Buffer.compare(keyOf(this.#options.self()), keyOf(remote)) < 0
  }
}

/** A PeerId of an Ed25519 key is the key, behind bytes that all of them share. */
function keyOf(peer: PeerId): Uint8Array {
  return peer.toMultihash().bytes
}

async function isAlive(connection: Connection): Promise<boolean> {
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS)
  try {
    await pingConnection(connection, signal)
    return true
  } catch {
    // A refusal is an answer, too.
    return !signal.aborted && connection.status === 'open'
  }
}
