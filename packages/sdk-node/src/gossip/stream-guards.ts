import type { Connection, Stream } from '@libp2p/interface'
import type { StreamHooks } from '../connection/certified-streams.ts'
import { TokenBucket } from '../inbound/token-bucket.ts'
import { MAX_OUTBOUND_BUFFER_BYTES } from './settings.ts'

/** What one peer may send on its gossip stream: above what a node can verify, far below what would fill it. */
const READ_RATE = { perSecond: 48 * 1024 * 1024, burst: 8 * 1024 * 1024 }

/** Bytes waiting for a peer above which it does not set this node's pace any more. */
const BUSY_BUFFER_BYTES = 1024 * 1024

/** A frame for a peer whose buffer is full; gossipsub counts it as not sent. */
class CongestedError extends Error {}

/**
 * Guards on the two gossip streams of a peer. Gossipsub reads without backpressure, so that a peer which sends
 * faster than batches are verified would fill the memory; and it writes into a buffer that resets the stream
 * when it is full, so that a slow peer would lose its place in the mesh.
 */
export class GossipStreams implements StreamHooks {
  readonly #onCongested: () => void
  readonly #outbound = new Map<string, Stream>()

  constructor(components: { onCongested: () => void }) {
    this.#onCongested = components.onCongested
  }

  onInbound(stream: Stream): void {
    const bucket = new TokenBucket(READ_RATE)
    let timer: NodeJS.Timeout | undefined
    stream.addEventListener('message', ({ data }) => {
      bucket.spend(data.byteLength)
      const delayMs = bucket.delayMs(1)
      if (delayMs === 0 || timer !== undefined) return
      // Pausing inside the dispatch would hold back what the same tick still delivers.
      queueMicrotask(() => stream.pause())
      timer = setTimeout(() => {
        timer = undefined
        stream.resume()
      }, delayMs)
    })
    stream.addEventListener('close', () => clearTimeout(timer), { once: true })
  }

  onOutbound(stream: Stream, connection: Connection): void {
    const peer = connection.remotePeer.toString()
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

  /**
   * Waits until one of the peers has room, so that a sender is paced by the fastest of its peers and never by
   * the slowest; returns at once if there is none to wait for.
   */
  async whenRoom(peers: readonly string[], timeoutMs: number): Promise<void> {
    const streams = peers.map((peer) => this.#outbound.get(peer)).filter((stream) => stream !== undefined)
    if (streams.length === 0 || streams.some((stream) => stream.writeBufferLength < BUSY_BUFFER_BYTES)) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, timeoutMs)
    for (const stream of streams) {
      stream.addEventListener('drain', () => resolve(), { once: true })
      stream.addEventListener('close', () => resolve(), { once: true })
    }
    await promise
    clearTimeout(timer)
  }
}
