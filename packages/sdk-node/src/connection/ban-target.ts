import { isIP } from 'node:net'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { isPastelId, MeshError } from '@pastel-mesh/identity'

/** What a ban is about: somebody, the node with one key, or whoever is at an address. */
export type BanKind = 'pastelid' | 'peer' | 'address'

export interface BanTarget {
  readonly kind: BanKind
  /** In the one form that it has, however it was written. */
  readonly target: string
}

/** Characters of a wrong target that are shown. */
const MAX_SHOWN = 200

/** Reads a PastelID, a PeerId, or an IP address. @throws MeshError ERR_BAN_TARGET */
export function parseBanTarget(text: string): BanTarget {
  if (isPastelId(text)) return { kind: 'pastelid', target: text }
  if (isIP(text) !== 0) return { kind: 'address', target: canonicalIp(text) }
  const peer = peerIdIn(text)
  if (peer !== undefined) return { kind: 'peer', target: peer }
  throw new MeshError(
    'ERR_BAN_TARGET',
    `"${text.slice(0, MAX_SHOWN)}" cannot be banned: give a PastelID, a PeerId, or an IP address without a port`,
  )
}

/** The IP address at the beginning of a multiaddr; undefined: a name stands there. */
export function ipOf(address: Multiaddr): string | undefined {
  const [, ip] = /\/ip[46]\/([^/]+)/.exec(address.toString()) ?? []
  return ip === undefined ? undefined : canonicalIp(ip)
}

/** The name at the beginning of a multiaddr, which has to be looked up; undefined: there is none. */
export function hostNameOf(address: Multiaddr): string | undefined {
  return /^\/dns[46]?\/([^/]+)/.exec(address.toString())?.[1]
}

/** An IPv6 address has many forms, and one that stands for an IPv4 address is that one. */
export function canonicalIp(ip: string): string {
  if (isIP(ip) !== 6) return ip
  const [plain = ''] = ip.split('%')
  const shortest = new URL(`http://[${plain}]`).hostname.slice(1, -1)
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(shortest) ?? []
  if (high === undefined || low === undefined) return shortest
  const value = Number.parseInt(high, 16) * 0x1_0000 + Number.parseInt(low, 16)
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.')
}

function peerIdIn(text: string): string | undefined {
  if (!/^\w{30,100}$/.test(text)) return undefined
  try {
    return multiaddr(multiaddr(`/p2p/${text}`).bytes)
      .toString()
      .slice('/p2p/'.length)
  } catch {
    return undefined
  }
}
