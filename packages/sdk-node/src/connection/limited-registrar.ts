import type { Registrar } from '@libp2p/interface-internal'

/**
 * A registrar for a protocol that is spoken before certificates: what one stream may bring is bounded. `@libp2p/ping`
 * collects what comes while its answers wait to be read, without a bound.
 */
export function limitedRegistrar(registrar: Registrar, maxBytes: number): Registrar {
  const wrapped: Registrar = Object.create(registrar)
  wrapped.handle = (protocol, handler, options) =>
    registrar.handle(
      protocol,
      async (stream, connection) => {
        const handled = handler(stream, connection)
        let bytes = 0
        // After the handler's own listener: what came already waits for the first one.
        stream.addEventListener('message', ({ data }) => {
          bytes += data.byteLength
          if (bytes > maxBytes)
            stream.abort(new Error(`more than ${maxBytes} bytes on one ${protocol} stream`))
        })
        await handled
      },
      options,
    )
  // The prototype's own methods read private fields: they must run on the registrar itself.
  wrapped.unhandle = (protocol, options) => registrar.unhandle(protocol, options)
  return wrapped
}
