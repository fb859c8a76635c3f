import { isIP } from 'node:net'
import { CODE_P2P, type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { isPastelId, MeshError, type PastelId } from '@pastel-mesh/identity'

/** Whom to connect to: somebody, wherever he is, or a place, whoever is there. */
export type ConnectTarget =
  | { readonly kind: 'pastelId'; readonly pastelId: PastelId }
  | { readonly kind: 'address'; readonly address: Multiaddr }

/** Characters of a wrong target that are shown. */
const MAX_SHOWN = 200
const MAX_PORT = 65_535

/** Names and addresses that a dial can begin with, and the transports that it can take. */
const DIALABLE =
  /^\/(ip4|ip6|dns|dns4|dns6)\/[^/]+\/tcp\/\d+(\/ws|\/wss|\/tls(\/sni\/[^/]+)?\/ws)?(\/http-path\/[^/]+)?(\/p2p\/[^/]+)?$/

/**
 * Reads a PastelID, a multiaddr, `address:port`, `localhost:port` or `[IPv6 address]:port`; the last three mean TCP.
 * @throws MeshError ERR_ADDRESS
 */
export function parseConnectTarget(text: string): ConnectTarget {
  if (isPastelId(text)) return { kind: 'pastelId', pastelId: text }
  const address = text.startsWith('/') ? text : fromHostAndPort(text)
  if (address === undefined) {
    throw wrong(text, 'give a PastelID, a multiaddr such as /ip4/192.0.2.1/tcp/7124, or ADDRESS:PORT')
  }
  const parsed = parseAddress(address)
  if (!DIALABLE.test(parsed.toString())) {
    throw wrong(text, 'a node is reached by /tcp/PORT, /tcp/PORT/ws or /tcp/PORT/tls/ws behind an address')
  }
  return { kind: 'address', address: parsed }
}

/** @throws MeshError ERR_ADDRESS */
export function parseAddress(text: string): Multiaddr {
  try {
    return multiaddr(text)
  } catch (cause) {
    throw wrong(text, 'it is not a multiaddr such as /ip4/127.0.0.1/tcp/7123', cause)
  }
}

/** The addresses of a certificate that can be dialled; it may hold any bytes. */
export function dialableAddresses(addresses: readonly Uint8Array[]): Multiaddr[] {
  return addresses.flatMap((bytes) => {
    try {
      const address = multiaddr(bytes)
      return DIALABLE.test(address.toString()) ? [address] : []
    } catch {
      return []
    }
  })
}

/** The PeerId is not part of the place. */
export function withoutPeerId(address: Multiaddr): Multiaddr {
  return address.decapsulateCode(CODE_P2P)
}

function fromHostAndPort(text: string): string | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (!(port >= 1 && port <= MAX_PORT)) return undefined
  if (bracketed !== undefined && isIP(bracketed) === 6) return `/ip6/${bracketed}/tcp/${port}`
  // What a node listens on unless told otherwise.
  const host = plain === 'localhost' ? '127.0.0.1' : plain
  if (host !== undefined && isIP(host) === 4) return `/ip4/${host}/tcp/${port}`
  return undefined
}

function wrong(text: string, hint: string, cause?: unknown): MeshError {
  return new MeshError('ERR_ADDRESS', `"${text.slice(0, MAX_SHOWN)}" is no address of a node: ${hint}`, {
    cause,
  })
}
