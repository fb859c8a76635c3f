import type { Connection, Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Certificate } from '@pastel-mesh/protocol'
import { type AddressRange, rangeOf } from './address-range.ts'
import { dialableAddresses, parseAddress } from './connect-target.ts'

export interface BookAddressesOptions {
  /** Multiaddrs that the node listens on. */
  readonly listen: readonly string[]
  /** Multiaddrs that it tells others instead. */
  readonly announce: readonly string[]
  /** Many nodes run on this host. */
  readonly manyPeersPerHost: boolean
}

export interface BookAddressesComponents {
  readonly libp2p: () => Pick<Libp2p, 'getMultiaddrs'> & {
    getConnections(): Pick<Connection, 'direction' | 'remoteAddr'>[]
  }
}

/** Addresses of a node that are dialled; libp2p refuses to dial more of one peer. */
const MAX_ADDRESSES = 8

/**
 * The addresses of a certificate that this node dials. A certificate may say anything, and whoever is at an address
 * is connected to: so what leads to this machine itself, or no further than its cable, is dialled only where nodes
 * are known to be reached in that way. That is so if this node itself is, by what it tells others, or if it is
 * connected to somebody whom it dialled there.
 */
export class BookAddresses {
  readonly #components: BookAddressesComponents
  /** Ranges in which this node tells others that it is. */
  readonly #own: ReadonlySet<AddressRange>

  constructor(options: BookAddressesOptions, components: BookAddressesComponents) {
    const { listen, announce, manyPeersPerHost } = options
    this.#components = components
    const told = announce.length > 0 ? announce : listen
    this.#own = new Set(
      manyPeersPerHost ? ['loopback', 'link-local'] : told.map((address) => rangeOf(parseAddress(address))),
    )
  }

  /** Without PeerId; none if the node cannot be reached. */
  of({ addresses }: Pick<Certificate, 'addresses'>): Multiaddr[] {
    return dialableAddresses(addresses)
      .filter((address) => !hasPath(address) && this.#isAllowed(rangeOf(address)))
      .slice(0, MAX_ADDRESSES)
  }

  #isAllowed(range: AddressRange): boolean {
    if (range === 'elsewhere') return true
    if (range === 'nowhere') return false
    if (this.#own.has(range)) return true
    const libp2p = this.#components.libp2p()
    // A machine without a network: the node listens everywhere, and that is here.
    const told = libp2p.getMultiaddrs()
    if (told.length > 0 && told.every((address) => rangeOf(address) === range)) return true
    // What comes from this machine may come through a proxy: only what was dialled counts.
    return libp2p
      .getConnections()
      .some(({ direction, remoteAddr }) => direction === 'outbound' && rangeOf(remoteAddr) === range)
  }
}

/** A node answers at the root of its host: a path would ask something of another service. */
function hasPath(address: Multiaddr): boolean {
  return address.getComponents().some(({ name }) => name === 'http-path')
}
