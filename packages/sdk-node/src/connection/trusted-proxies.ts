import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import proxyAddr from '@fastify/proxy-addr'
import { MeshError } from '@pastel-mesh/identity'

/** The address that a request, or a WebSocket that begins as one, is from; undefined: its socket is closed. */
export type AddressOf = (request: IncomingMessage) => string | undefined

/**
 * Anybody may write `X-Forwarded-For`: of what is there the last address that none of these proxies has counts, for the
 * ones before it are what the caller itself has sent.
 *
 * @param proxies addresses, or networks such as `10.0.0.0/8`
 * @throws MeshError ERR_PROXY
 */
export function addressBehind(proxies: readonly string[]): AddressOf {
  if (proxies.length === 0) return ({ socket }) => socket.remoteAddress
  const isProxy = trustIn(proxies)
  return (request) => {
    const { remoteAddress } = request.socket
    if (remoteAddress === undefined) return undefined
    // From the connection on; what is no address says nothing of a caller.
    return proxyAddr.all(request, isProxy).findLast((address) => isIP(address) !== 0) ?? remoteAddress
  }
}

function trustIn(proxies: readonly string[]): ReturnType<typeof proxyAddr.compile> {
  try {
    return proxyAddr.compile([...proxies])
  } catch (cause) {
    const { message } = cause as Error
    throw new MeshError('ERR_PROXY', `proxies are addresses, or networks such as 10.0.0.0/8: ${message}`, {
      cause,
    })
  }
}
