import type { Connection, Stream } from '@libp2p/interface'

export interface StreamOpenerComponents {
  /** Tells gossipsub of a connection again. */
  readonly announce: (connection: Connection) => void
  /** Takes a stream before gossipsub gets it. */
  readonly prepare: (stream: Stream, connection: Connection) => void
}

/** A peer that has not agreed on a gossip protocol by then gets no stream; it is asked again while it is mute. */
const OPEN_TIMEOUT_MS = 5_000

/** A stream that gossipsub has not taken by then it does not need: it has one by another connection. */
const UNTAKEN_MS = 1_000

/**
 * Opens gossipsub's streams to its peers, side by side. Gossipsub opens one after the other and waits for each, so
 * that a single peer which does not answer would keep it from all new ones. Here it is told "not yet" at once, and
 * told of the connection again when its stream is there.
 */
export class StreamOpener {
  readonly #components: StreamOpenerComponents
  readonly #links = new WeakMap<Connection, Connection>()
  readonly #opening = new Set<string>()
  /** PeerId → stream that waits for gossipsub to take it. */
  readonly #ready = new Map<string, Stream>()

  constructor(components: StreamOpenerComponents) {
    this.#components = components
  }

  /** The connection as gossipsub sees it: `newStream` never waits. */
  link(connection: Connection): Connection {
    let link = this.#links.get(connection)
    if (link === undefined) {
      link = withNewStream(connection, async (protocols) => this.#take(connection, protocols))
      this.#links.set(connection, link)
    }
    return link
  }

  #take(connection: Connection, protocols: string | string[]): Stream {
    const peer = connection.remotePeer.toString()
    const stream = this.#ready.get(peer)
    this.#ready.delete(peer)
    if (stream?.status === 'open') {
      this.#components.prepare(stream, connection)
      return stream
    }
    void this.#open(connection, peer, protocols)
    throw new Error('the stream is being opened')
  }

  async #open(connection: Connection, peer: string, protocols: string | string[]): Promise<void> {
    if (this.#opening.has(peer)) return
    this.#opening.add(peer)
    try {
      const stream = await connection.newStream(protocols, { signal: AbortSignal.timeout(OPEN_TIMEOUT_MS) })
      this.#ready.set(peer, stream)
      const timer = setTimeout(() => {
        if (this.#ready.get(peer) !== stream) return
        this.#ready.delete(peer)
        stream.abort(new Error('the stream is not needed'))
      }, UNTAKEN_MS)
      stream.addEventListener('close', () => clearTimeout(timer), { once: true })
    } catch {
      return
    } finally {
      this.#opening.delete(peer)
    }
    this.#components.announce(connection)
  }
}

/** A connection that opens streams in another way, and is the same in all else. */
function withNewStream(connection: Connection, newStream: Connection['newStream']): Connection {
  return new Proxy(connection, {
    get(target, key) {
      if (key === 'newStream') return newStream
      // Methods and accessors of the connection read its private fields: they must run on the connection itself.
      const value = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
