import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { Connection, Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { MeshError, type PastelId } from '@pastel-mesh/identity'
import type { Certificate } from '@pastel-mesh/protocol'
import type { PeerInfo } from '../index.ts'
import { pastelIdOf } from '../pastel-id-of.ts'
import type { AddressBook } from './address-book.ts'
import type { BookAddresses } from './book-addresses.ts'
import { type BootstrapStatus, toBootstrapStatus } from './bootstrap-status.ts'
import type { CertificateGate, CertifiedPeer } from './certificate-gate.ts'
import { type ConnectTarget, dialableAddresses, parseConnectTarget, withoutPeerId } from './connect-target.ts'
import { describeDialError } from './describe-dial-error.ts'
import { hungUp } from './hang-up.ts'
import { OneConnection } from './one-connection.ts'
import { type KeptAddress, Reconnector } from './reconnector.ts'
import { RoundTripMeter } from './round-trip-meter.ts'

export interface PeerConnectionsComponents {
  readonly libp2p: () => Libp2p
  readonly gate: () => CertificateGate
  readonly book: AddressBook
  /** Where the nodes of certificates are dialled. */
  readonly addresses: Pick<BookAddresses, 'of'>
  readonly pastelId: PastelId
  /** A peer is there: its first connection was certified. */
  readonly onConnected: (peer: CertifiedPeer) => void
  /** From now on a peer is to be talked to by this one of its connections. */
  readonly onUse: (connection: Connection) => void
  /** A peer is gone: its last connection was closed. */
  readonly onDisconnected: (peer: CertifiedPeer) => void
  readonly onUnreachable: (address: string, reason: string) => void
}

/** PastelIDs that stay disconnected: those that were longest leave first. */
const MAX_DISCONNECTED = 4_096

/** Peers and the one connection that each has: kept, made and ended on demand, measured. */
export class PeerConnections {
  readonly #components: PeerConnectionsComponents
  readonly #one: OneConnection
  readonly #meter: RoundTripMeter
  readonly #reconnector: Reconnector
  /** Those that the operator disconnected: this node dials them no more. */
  readonly #disconnected = new Set<PastelId>()

  constructor(components: PeerConnectionsComponents) {
    this.#components = components
    this.#one = new OneConnection(
      { self: () => components.libp2p().peerId },
      {
        onKept: (connection) => components.onUse(connection),
        serialOf: (connection) => components.gate().peerOn(connection)?.certificate.serial,
      },
    )
    this.#meter = new RoundTripMeter({ connections: () => this.#one.all() })
    this.#reconnector = new Reconnector({
      dial: (address, signal) => components.libp2p().dial(address, { signal }),
      connectionTo: (peer) => this.#one.of(peer.toString()),
      whenCertified: (connection) => components.gate().whenCertified(connection),
      onUnreachable: (address, error) => components.onUnreachable(address, describeDialError(error)),
    })
  }

  /** @param bootstrap addresses to stay connected to */
  start(bootstrap: readonly Multiaddr[]): void {
    this.#meter.start()
    for (const address of bootstrap) this.#reconnector.keep(address)
  }

  /** How it stands with the addresses to stay connected to. */
  bootstrap(): BootstrapStatus[] {
    return this.#reconnector.status().map(toBootstrapStatus)
  }

  stop(): void {
    this.#reconnector.stop()
    this.#meter.stop()
    this.#one.stop()
  }

  /** The gate has certified a connection. */
  certified(peer: CertifiedPeer): void {
    if (!this.#one.add(peer.connection)) return
    void this.#meter.measure(peer.connection)
    this.#components.onConnected(peer)
  }

  /** A certified connection was closed. */
  gone(peer: CertifiedPeer): void {
    const wasLast = this.#one.remove(peer.connection)
    const other = this.#one.of(peer.peerId)
    if (wasLast) this.#components.onDisconnected(peer)
    else if (other !== undefined) this.#components.onUse(other)
  }

  /** Each peer once. */
  list(): PeerInfo[] {
    return [...this.certifiedPeers()].map((peer) => this.info(peer))
  }

  info({ peerId, pastelId, certificate, connection }: CertifiedPeer): PeerInfo {
    const { remoteAddr, direction, timeline } = connection
    const { topics } = certificate
    const address = remoteAddr.toString()
    const connectedAtMs = timeline.open
    return { peerId, pastelId, address, direction, topics, connectedAtMs, ...this.#meter.of(connection) }
  }

  /** The public key of a certified peer's PastelID, 57 bytes. */
  publicKeyOf(peerId: string): Uint8Array | undefined {
    return this.#certified(peerId)?.certificate.subject
  }

  pastelIdOf(peerId: string): PastelId | undefined {
    return this.#certified(peerId)?.pastelId
  }

  #certified(peerId: string): CertifiedPeer | undefined {
    const connection = this.#one.of(peerId)
    return connection && this.#components.gate().peerOn(connection)
  }

  /** @throws MeshError ERR_ADDRESS, ERR_UNKNOWN_PEER, ERR_DIAL, ERR_NOT_CERTIFIED */
  async connect(text: string, options: { signal?: AbortSignal }): Promise<PeerInfo> {
    const target = parseConnectTarget(text)
    this.#reconnector.wake((kept) => this.#isKeptFor(kept, target))
    if (target.kind === 'pastelId') this.#disconnected.delete(target.pastelId)
    const there = target.kind === 'pastelId' ? this.#connectedTo(target)[0] : undefined
    if (there !== undefined) return this.info(there)
    const connection = await this.#dial(text, this.#addressesOf(target), options)
    const failure = await this.#components
      .gate()
      .whenCertified(connection)
      .catch((error: Error) => error)
    // It may be closed already, because the peer has another one.
    const used = this.#one.of(connection.remotePeer.toString()) ?? connection
    const peer = this.#components.gate().peerOn(used)
    if (peer === undefined) throw failure ?? new MeshError('ERR_NOT_CERTIFIED', `${text} hung up`)
    this.#disconnected.delete(peer.pastelId)
    return this.info(peer)
  }

  /** @throws MeshError ERR_ADDRESS, ERR_NOT_CONNECTED */
  async disconnect(text: string): Promise<void> {
    const target = parseConnectTarget(text)
    const peers = this.#connectedTo(target)
    const peerIds = new Set(peers.map(({ peerId }) => peerId))
    const wasKept = this.#reconnector.rest(
      (kept) => this.#isKeptFor(kept, target) || peerIds.has(String(kept.peer)),
    )
    if (peers.length === 0 && !wasKept) {
      throw new MeshError('ERR_NOT_CONNECTED', `this node is not connected to ${text}`)
    }
    this.#leaveAlone(peers, target)
    const connections = peers.flatMap(({ connection }) =>
      this.#components.libp2p().getConnections(connection.remotePeer),
    )
    await Promise.all(connections.map(hungUp))
  }

  /** Whether the operator wants no connection to be made to somebody. */
  isDisconnected(pastelId: PastelId): boolean {
    return this.#disconnected.has(pastelId)
  }

  /**
   * Connects to the node of a certificate; resolves when both sides accepted each other.
   * @throws whatever the dial throws; MeshError ERR_NOT_CERTIFIED, ERR_UNKNOWN_PEER
   */
  async connectTo(certificate: Certificate, signal: AbortSignal): Promise<void> {
    const connection = await this.#components.libp2p().dial(this.#addressesIn(certificate), { signal })
    await this.#components.gate().whenCertified(connection)
  }

  /** A target may be somebody who is not connected now, or is so at another address. */
  #leaveAlone(peers: readonly CertifiedPeer[], target: ConnectTarget): void {
    for (const { pastelId } of peers) this.#disconnected.add(pastelId)
    if (target.kind === 'pastelId') this.#disconnected.add(target.pastelId)
    else {
      const { place } = partsOf(target.address)
      for (const { pastelId, certificate } of this.#components.book.entries()) {
        const places = dialableAddresses(certificate.addresses).map((address) => partsOf(address).place)
        if (places.includes(place)) this.#disconnected.add(pastelId)
      }
    }
    for (const pastelId of this.#disconnected) {
      if (this.#disconnected.size <= MAX_DISCONNECTED) break
      this.#disconnected.delete(pastelId)
    }
  }

  /** Each peer once, with its certificate. */
  *certifiedPeers(): Generator<CertifiedPeer> {
    for (const connection of this.#one.all()) {
      const peer = this.#components.gate().peerOn(connection)
      if (peer !== undefined) yield peer
    }
  }

  /** Peers that a target means, be it by the address at which they are or by one that they tell others. */
  #connectedTo(target: ConnectTarget): CertifiedPeer[] {
    const peers = [...this.certifiedPeers()]
    if (target.kind === 'pastelId') return peers.filter(({ pastelId }) => pastelId === target.pastelId)
    const { place, peerId } = partsOf(target.address)
    if (peerId !== undefined) return peers.filter((peer) => peer.peerId === peerId)
    return peers.filter(({ connection, certificate }) =>
      [connection.remoteAddr, ...dialableAddresses(certificate.addresses)].some(
        (address) => partsOf(address).place === place,
      ),
    )
  }

  #isKeptFor({ address, peer }: KeptAddress, target: ConnectTarget): boolean {
    if (target.kind === 'address') return partsOf(address).place === partsOf(target.address).place
    const certificate = this.#components.book.get(target.pastelId)
    return certificate !== undefined && peer !== undefined && String(peer) === peerIdOf(certificate)
  }

  #addressesOf(target: ConnectTarget): Multiaddr[] {
    if (target.kind === 'address') return [target.address]
    const { pastelId } = target
    if (pastelId === this.#components.pastelId) {
      throw new MeshError('ERR_ADDRESS', `${pastelId} is this node itself`)
    }
    const certificate = this.#components.book.get(pastelId)
    if (certificate === undefined) {
      throw new MeshError(
        'ERR_UNKNOWN_PEER',
        `this node has not heard of ${pastelId}: connect to an address of it`,
      )
    }
    return this.#addressesIn(certificate)
  }

  /** Where the node of a certificate says that it is, as far as that is dialled. @throws MeshError ERR_UNKNOWN_PEER */
  #addressesIn(certificate: Certificate): Multiaddr[] {
    const addresses = this.#components.addresses.of(certificate)
    if (addresses.length === 0) {
      throw new MeshError(
        'ERR_UNKNOWN_PEER',
        `${pastelIdOf(certificate.subject)} tells no address at which it can be reached from here: connect to one that you know`,
      )
    }
    return addresses.map((address) => address.encapsulate(`/p2p/${peerIdOf(certificate)}`))
  }

  async #dial(text: string, addresses: Multiaddr[], options: { signal?: AbortSignal }): Promise<Connection> {
    try {
      return await this.#components.libp2p().dial(addresses, options)
    } catch (cause) {
      throw new MeshError('ERR_DIAL', `${text} cannot be reached: ${describeDialError(cause)}`, { cause })
    }
  }
}

function partsOf(address: Multiaddr): { readonly place: string; readonly peerId?: string } {
  const place = withoutPeerId(address).toString()
  const [, peerId] = /\/p2p\/([^/]+)$/.exec(address.toString()) ?? []
  return peerId === undefined ? { place } : { place, peerId }
}

/** The PeerId of a certificate's node. */
export function peerIdOf({ nodeKey }: { readonly nodeKey: Uint8Array }): string {
  return publicKeyFromRaw(nodeKey).toString()
}
