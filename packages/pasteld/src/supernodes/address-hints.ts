import { isIP } from 'node:net'
import type { PastelId } from '@pastel-mesh/identity'
import type { Supernode } from './supernode.ts'

/** Where a supernode may be reached, as its operator registered it: nobody has checked that it is. */
export interface AddressHint {
  readonly pastelId: PastelId
  /** Multiaddrs of TCP: of `extP2P` first, then of `extAddress`. */
  readonly addresses: readonly string[]
}

const HOST = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i
const MAX_PORT = 65_535

/** The hints of supernodes that have any. */
export function addressHintsOf(supernodes: readonly Supernode[]): AddressHint[] {
  return supernodes.flatMap(({ pastelId, extP2P, extAddress }) => {
    if (pastelId === undefined) return []
    const addresses = [extP2P, extAddress].flatMap((text) => toMultiaddr(text) ?? [])
    return addresses.length === 0 ? [] : [{ pastelId, addresses: [...new Set(addresses)] }]
  })
}

/** `address:port`, `[IPv6 address]:port` or `name:port` as a multiaddr; undefined: it is none of them. */
function toMultiaddr(text: string): string | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([^[\]:/\s]+)):(\d{1,5})$/.exec(text.trim())
  if (match === null) return undefined
  const [, ipv6, host = '', portText] = match
  const port = Number(portText)
  if (port < 1 || port > MAX_PORT) return undefined
  if (ipv6 !== undefined) return isIP(ipv6) === 6 ? `/ip6/${ipv6}/tcp/${port}` : undefined
  if (isIP(host) === 4) return `/ip4/${host}/tcp/${port}`
  // Digits and dots alone would be an address that is wrong.
  return HOST.test(host) && /[a-z]/i.test(host) ? `/dns/${host}/tcp/${port}` : undefined
}
