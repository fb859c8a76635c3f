import type { Connection, Stream, Topology } from '@libp2p/interface'
import type { StreamHooks } from '../connection/certified-streams.ts'
import { Intake } from './intake.ts'
import { PacedStream } from './paced-stream.ts'
import { MAX_OUTBOUND_BUFFER_BYTES } from './settings.ts'
import { StreamOpener } from './stream-opener.ts'

/** Bytes waiting for a peer above which it does not set this node's pace any more. */
const BUSY_BUFFER_BYTES = 1024 * 1024

/** A frame for a peer whose buffer is full; gossipsub counts it as not sent. */
class CongestedError extends Error {}

/**
 * Guards on the two gossip streams of a peer. Gossipsub reads without backpressure, so that a peer which sends
 * faster than batches are verified would fill the memory; it writes into a buffer that resets the stream when it
 * is full, so that a slow peer would lose its place in the mesh; and it opens its streams one after the other.
 */
export class GossipStreams implements StreamHooks {
  readonly #onCongested: () => void
  readonly #intake = new Intake()
  readonly #opener: StreamOpener
  readonly #topologies = new Set<Topology>()
  readonly #outbound = new Map<string, Stream>()

  constructor(components: { onCongested: () => void }) {
    this.#onCongested = components.onCongested
    this.#opener = new StreamOpener({
      announce: (connection) => this.reopen(connection),
      prepare: (stream, connection) => this.#guardOutbound(stream, connection),
    })
  }

  onTopology(topology: Topology): void {
    this.#topologies.add(topology)
  }

  link(connection: Connection): Connection {
    return this.#opener.link(connection)
  }

  onInbound(stream: Stream, { remotePeer }: Connection): void {
    new PacedStream(stream, this.#intake.account(remotePeer.toString()))
  }

  /** Tells gossipsub of a connection again, so that it opens its stream if it has none. */
  reopen(connection: Connection): void {
    for (const topology of this.#topologies) {
      Promise.resolve(topology.onConnect?.(connection.remotePeer, connection)).catch(() => {})
    }
  }

  /** Charges a peer for work that its frames caused. */
  charge(peer: string, work: number): void {
    this.#intake.account(peer).spend(0, work)
  }

  /**
   * Waits until one of the peers has room, so that a sender is paced by the fastest of its peers and never by
   * the slowest; returns at once if there is none to wait for.
   */
  async whenRoom(peers: readonly string[], timeoutMs: number): Promise<void> {
    const streams = peers.map((peer) => this.#outbound.get(peer)).filter((stream) => stream !== undefined)
    if (streams.length === 0 || streams.some((stream) => stream.writeBufferLength < BUSY_BUFFER_BYTES)) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, timeoutMs)
    const listeners = new AbortController()
    for (const stream of streams) {
      stream.addEventListener('drain', () => resolve(), { signal: listeners.signal })
      stream.addEventListener('close', () => resolve(), { signal: listeners.signal })
    }
    await promise
    clearTimeout(timer)
    // A peer that stands still would collect the listeners of every wait.
    listeners.abort()
  }

  #guardOutbound(stream: Stream, { remotePeer }: Connection): void {
    const peer = remotePeer.toString()
    const send = stream.send.bind(stream)
    stream.send = (data) => {
      if (stream.writeBufferLength + data.byteLength > MAX_OUTBOUND_BUFFER_BYTES) {
        this.#onCongested()
        throw new CongestedError('the peer is congested')
      }
      return send(data)
    }
    this.#outbound.set(peer, stream)
    const remove = () => {
      if (this.#outbound.get(peer) === stream) this.#outbound.delete(peer)
    }
    stream.addEventListener('close', remove, { once: true })
  }
}
