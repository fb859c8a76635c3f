import type { Connection, Stream, Topology } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'

/** Knows which connections have exchanged and accepted certificates. */
export interface Certifier {
  isCertified(connection: Connection): boolean
  /** Rejects when the connection is refused, closed or too slow. */
  whenCertified(connection: Connection): Promise<void>
}

/** What a protocol wants done with its connections and streams before it gets them. */
export interface StreamHooks {
  onInbound?(stream: Stream, connection: Connection): void
  /** The connection as the protocol is to see it. */
  link?(connection: Connection): Connection
  /** How the protocol is told of connections; the same one for each name that the protocol has. */
  onTopology?(topology: Topology): void
}

/** Bytes that a stream may hold until its connection is certified: the longest first request fits. */
const MAX_EARLY_BYTES = 128 * 1024

/**
 * A registrar that keeps a protocol away from connections without certificates. Gossipsub gets this one instead
 * of libp2p's: it hears of a peer, and gets its streams, only once both sides accepted each other. A peer that
 * merely connects would otherwise be sent whatever is published until it is cut off.
 */
export function certifiedRegistrar(
  registrar: Registrar,
  certifier: Certifier,
  hooks: StreamHooks = {},
): Registrar {
  const topologies = new Topologies(certifier, hooks)
  const link = (connection: Connection) => hooks.link?.(connection) ?? connection
  const wrapped: Registrar = Object.create(registrar)
  wrapped.handle = (protocol, handler, options) =>
    registrar.handle(
      protocol,
      async (stream, connection) => {
        const release = certifier.isCertified(connection)
          ? undefined
          : await heldBack(stream, certifier.whenCertified(connection))
        if (stream.status !== 'open' || connection.status !== 'open') return
        topologies.connected(connection)
        hooks.onInbound?.(stream, connection)
        const handled = handler(stream, link(connection))
        release?.()
        await handled
      },
      options,
    )
  wrapped.register = async (protocol, topology, options) => {
    const id = await registrar.register(protocol, topologies.wrap(topology), options)
    topologies.add(id, topology)
    return id
  }
  wrapped.unregister = (id) => {
    topologies.delete(id)
    registrar.unregister(id)
  }
  // The prototype's own methods read private fields: they must run on the registrar itself.
  wrapped.unhandle = (protocol, options) => registrar.unhandle(protocol, options)
  wrapped.getProtocols = () => registrar.getProtocols()
  wrapped.getHandler = (protocol) => registrar.getHandler(protocol)
  wrapped.getTopologies = (protocol) => registrar.getTopologies(protocol)
  wrapped.use = (protocol, middleware) => registrar.use(protocol, middleware)
  wrapped.unuse = (protocol) => registrar.unuse(protocol)
  wrapped.getMiddleware = (protocol) => registrar.getMiddleware(protocol)
  return wrapped
}

/**
 * Holds a stream's bytes back, within bounds, until its connection is certified.
 * @returns lets them through: to be called when somebody listens
 */
async function heldBack(stream: Stream, certified: Promise<void>): Promise<() => void> {
  const { maxReadBufferLength } = stream
  stream.maxReadBufferLength = MAX_EARLY_BYTES
  // A paused stream is sent no more than its first window; others are replenished whether or not they are read.
  if (stream.readStatus === 'readable') stream.pause()
  await certified
  return () => {
    stream.maxReadBufferLength = maxReadBufferLength
    if (stream.readStatus === 'paused') stream.resume()
  }
}

/**
 * Tells topologies of certified connections, and of the end of the last one that a peer had. libp2p tells them of
 * that only if the protocol is among those that the peer says it has, which the peer can change: it would stay in
 * gossipsub's mesh, in the place of others, when it has long gone.
 */
class Topologies {
  readonly #certifier: Certifier
  readonly #hooks: StreamHooks
  readonly #topologies = new Map<string, Topology>()
  readonly #wrapped = new WeakMap<Topology, Topology>()
  /** PeerId → ids of its connections that the protocol was given. */
  readonly #connections = new Map<string, Set<string>>()

  constructor(certifier: Certifier, hooks: StreamHooks) {
    this.#certifier = certifier
    this.#hooks = hooks
  }

  wrap(topology: Topology): Topology {
    const known = this.#wrapped.get(topology)
    if (known !== undefined) return known
    const { onDisconnect, ...rest } = topology
    const wrapped: Topology = {
      ...rest,
      onConnect: async (peerId, connection) => {
        try {
          if (!this.#certifier.isCertified(connection)) await this.#certifier.whenCertified(connection)
        } catch {
          return
        }
        if (connection.status !== 'open') return
        this.connected(connection)
        await topology.onConnect?.(peerId, this.#hooks.link?.(connection) ?? connection)
      },
    }
    this.#wrapped.set(topology, wrapped)
    this.#hooks.onTopology?.(wrapped)
    return wrapped
  }

  add(id: string, topology: Topology): void {
    this.#topologies.set(id, topology)
  }

  delete(id: string): void {
    this.#topologies.delete(id)
  }

  /** The protocol is about to be given a connection. */
  connected(connection: Connection): void {
    const peer = connection.remotePeer.toString()
    const ids = this.#connections.get(peer) ?? new Set<string>()
    if (ids.has(connection.id)) return
    this.#connections.set(peer, ids.add(connection.id))
    const closed = () => {
      ids.delete(connection.id)
      if (ids.size > 0) return
      this.#connections.delete(peer)
      const told = new Set(this.#topologies.values())
      for (const topology of told) void topology.onDisconnect?.(connection.remotePeer)
    }
    connection.addEventListener('close', closed, { once: true })
  }
}
