import { BlockList, isIP } from 'node:net'
import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * Where an address leads: `loopback` to the machine itself, `link-local` to what is on the same cable, `nowhere` to
 * nobody in particular (unspecified, multicast, reserved), `elsewhere` to another machine.
 */
export type AddressRange = 'loopback' | 'link-local' | 'nowhere' | 'elsewhere'

const RANGES: readonly [AddressRange, BlockList][] = [
  ['loopback', listOf([['127.0.0.0', 8, 'ipv4']], [['::1', 128, 'ipv6']])],
  ['link-local', listOf([['169.254.0.0', 16, 'ipv4']], [['fe80::', 10, 'ipv6']])],
  [
    'nowhere',
    listOf(
      [
        // Systems take 0.0.0.0 for the machine itself.
        ['0.0.0.0', 8, 'ipv4'],
        ['224.0.0.0', 3, 'ipv4'],
      ],
      [
        ['::', 128, 'ipv6'],
        ['ff00::', 8, 'ipv6'],
      ],
    ),
  ],
]

/** Names that resolvers take for the machine itself (RFC 6761). Where other names lead is not looked up. */
const LOCALHOST = /^(.+\.)?localhost\.?$/i

/** The range of the host that a multiaddr begins with. IPv4 in IPv6 is taken for what it is. */
export function rangeOf(address: Multiaddr): AddressRange {
  const [first] = address.getComponents()
  const host = first?.value ?? ''
  const version = isIP(host)
  if (version === 0) return LOCALHOST.test(host) ? 'loopback' : 'elsewhere'
  const family = version === 4 ? 'ipv4' : 'ipv6'
  return RANGES.find(([, list]) => list.check(host, family))?.[0] ?? 'elsewhere'
}

type Subnet = [network: string, prefix: number, family: 'ipv4' | 'ipv6']

function listOf(...subnets: Subnet[][]): BlockList {
  const list = new BlockList()
  for (const subnet of subnets.flat()) list.addSubnet(...subnet)
  return list
}
