import type { Connection, Stream, Topology } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'

/** Knows which connections have exchanged and accepted certificates. */
export interface Certifier {
  isCertified(connection: Connection): boolean
  /** Rejects when the connection is refused, closed or too slow. */
  whenCertified(connection: Connection): Promise<void>
}

/** Prepares the streams of a protocol before the protocol gets them. */
export interface StreamHooks {
  onInbound?(stream: Stream, connection: Connection): void
  onOutbound?(stream: Stream, connection: Connection): void
}

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
  const wrapped: Registrar = Object.create(registrar)
  wrapped.handle = (protocol, handler, options) =>
    registrar.handle(
      protocol,
      async (stream, connection) => {
        // Meanwhile what arrives waits in the stream's buffer, which is bounded.
        if (!certifier.isCertified(connection)) await certifier.whenCertified(connection)
        hooks.onInbound?.(stream, connection)
        await handler(stream, withHooks(connection, hooks))
      },
      options,
    )
  wrapped.register = (protocol, topology, options) =>
    registrar.register(protocol, certifiedTopology(topology, certifier, hooks), options)
  // The prototype's own methods read private fields: they must run on the registrar itself.
  wrapped.unhandle = (protocol, options) => registrar.unhandle(protocol, options)
  wrapped.unregister = (id) => registrar.unregister(id)
  wrapped.getProtocols = () => registrar.getProtocols()
  wrapped.getHandler = (protocol) => registrar.getHandler(protocol)
  wrapped.getTopologies = (protocol) => registrar.getTopologies(protocol)
  wrapped.use = (protocol, middleware) => registrar.use(protocol, middleware)
  wrapped.unuse = (protocol) => registrar.unuse(protocol)
  wrapped.getMiddleware = (protocol) => registrar.getMiddleware(protocol)
  return wrapped
}

function certifiedTopology(topology: Topology, certifier: Certifier, hooks: StreamHooks): Topology {
  return {
    ...topology,
    async onConnect(peerId, connection) {
      try {
        if (!certifier.isCertified(connection)) await certifier.whenCertified(connection)
      } catch {
        return
      }
      await topology.onConnect?.(peerId, withHooks(connection, hooks))
    },
  }
}

function withHooks(connection: Connection, hooks: StreamHooks): Connection {
  if (hooks.onOutbound === undefined) return connection
  return new Proxy(connection, {
    get(target, key) {
      if (key === 'newStream') {
        return async (...request: Parameters<Connection['newStream']>) => {
          const stream = await target.newStream(...request)
          hooks.onOutbound?.(stream, target)
          return stream
        }
      }
      const value = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
