import { isIP } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { MeshError } from '@pastel-mesh/identity'

const MAX_PORT = 65_535
/** Characters of a wrong address that are shown. */
const MAX_SHOWN = 100

const HOST_AND_PORT = /^(?:\[([^\]]+)\]|([^:[\]/\s]+)):(\d{1,5})$/
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i

/** TCP, or WebSockets without TLS: that is for a proxy in front of the node. */
const LISTENABLE = /^\/ip[46]\/[^/]+\/tcp\/\d+(\/ws)?$/
/** What a node can dial. */
const DIALABLE =
  /^\/(ip4|ip6|dns|dns4|dns6)\/[^/]+\/tcp\/\d+(\/ws|\/wss|\/tls(\/sni\/[^/]+)?\/ws)?(\/http-path\/[^/]+)?(\/p2p\/[^/]+)?$/

/**
 * An address to listen on, as a multiaddr: `192.0.2.1:7124`, `localhost:7124`, `[::1]:7124`, `*:7124` (all IPv4
 * addresses; `[::]:7124` for IPv6), or the multiaddr itself.
 * @throws MeshError ERR_ADDRESS
 */
export function parseListenAddress(text: string): string {
  const address = toMultiaddr(text, { isListening: true })
  if (LISTENABLE.test(address)) return address
  throw wrong(unsupported(address) ?? LISTEN_FORMS)
}

/**
 * The address of a node to dial, as a multiaddr: `192.0.2.1:7124`, `example.org:7124`, `[2001:db8::1]:7124`, or
 * the multiaddr itself.
 * @throws MeshError ERR_ADDRESS
 */
export function parsePeerAddress(text: string): string {
  const address = toMultiaddr(text, { isListening: false })
  if (DIALABLE.test(address)) return address
  throw wrong(unsupported(address) ?? 'a node is reached by /tcp/PORT, /tcp/PORT/ws or /tcp/PORT/tls/ws')
}

const NO_ADDRESS = 'not an address such as 192.0.2.1:7124 or /ip4/192.0.2.1/tcp/7124'
const LISTEN_FORMS = 'listen on ADDRESS:PORT, *:PORT, /ip4/ADDRESS/tcp/PORT or /ip4/ADDRESS/tcp/PORT/ws'

function toMultiaddr(text: string, { isListening }: { isListening: boolean }): string {
  const address = text.startsWith('/') ? text : fromHostAndPort(text, isListening)
  if (address === undefined) throw wrong(`${NO_ADDRESS}: ${whatIsWrong(text)}`)
  try {
    return multiaddr(address).toString()
  } catch (cause) {
    const [line = ''] = (cause as Error).message.split('\n')
    throw wrong(`${NO_ADDRESS}: ${line.slice(0, MAX_SHOWN)}`, cause)
  }
}

/** Why a text is no host with a port. */
function whatIsWrong(text: string): string {
  if (text === '') return 'it is empty'
  if (text.includes('://'))
    return 'a URL is none: for wss://example.org write /dns4/example.org/tcp/443/tls/ws'
  if (isIP(text) === 6) return `an IPv6 address is in brackets, and has a port, as in [${text}]:7124`
  if (/^\d+$/.test(text)) return 'it is a port alone'
  if (!/:\d*$/.test(text)) {
    const host = isIP(text) === 4 || HOST_NAME.test(text) ? text : 'localhost'
    return `it has no port, as in ${host}:7124`
  }
  const [, host = '', port = ''] = /^(.*):(\d*)$/s.exec(text) ?? []
  if (!(Number(port) >= 1 && Number(port) <= MAX_PORT)) return `a port is a number from 1 to ${MAX_PORT}`
  if (host === '*') return '*:PORT is for listening: give the address at which others reach the node'
  if (host.includes(':') && !host.startsWith('['))
    return `an IPv6 address is in brackets, as in [2001:db8::1]:${port}`
  if (/^[\d.]+$/.test(host))
    return `${host.slice(0, MAX_SHOWN)} is no IPv4 address, which has four numbers up to 255`
  return `${host.slice(0, MAX_SHOWN) || 'nothing'} is neither an IP address nor the name of a host`
}

function fromHostAndPort(text: string, isListening: boolean): string | undefined {
  const [, bracketed, plain, digits] = HOST_AND_PORT.exec(text) ?? []
  const port = Number(digits)
  // Port 0 is any free one: for listening.
  if (!(port >= (isListening ? 0 : 1) && port <= MAX_PORT)) return undefined
  if (bracketed !== undefined) return isIP(bracketed) === 6 ? `/ip6/${bracketed}/tcp/${port}` : undefined
  if (plain === undefined) return undefined
  if (plain === 'localhost') return `/ip4/127.0.0.1/tcp/${port}`
  if (plain === '*' && isListening) return `/ip4/0.0.0.0/tcp/${port}`
  if (isIP(plain) === 4) return `/ip4/${plain}/tcp/${port}`
  // Digits and dots are an address with a slip, not a name.
  return HOST_NAME.test(plain) && !/^[\d.]+$/.test(plain) ? `/dns/${plain}/tcp/${port}` : undefined
}

/** What of an address this node does not speak, for those who know it from elsewhere. */
function unsupported(address: string): string | undefined {
  if (address.includes('/udp/')) {
    return 'QUIC, WebTransport and WebRTC (/udp) are not supported: use /tcp/PORT or /tcp/PORT/ws'
  }
  if (/\/(tls|wss)(\/|$)/.test(address)) {
    return 'TLS is for a proxy in front of the node: listen on /tcp/PORT/ws, and announce the address of the proxy'
  }
  if (address.startsWith('/dns')) return 'to listen takes an address of this machine, not a name'
  return undefined
}

function wrong(reason: string, cause?: unknown): MeshError {
  return new MeshError('ERR_ADDRESS', reason, { cause })
}
