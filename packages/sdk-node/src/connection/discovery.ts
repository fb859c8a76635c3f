import type { PrivateKey } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'
import type { PastelId } from '@pastel-mesh/identity'
import { readCertificate } from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import type { Gossip } from '../gossip/gossip.ts'
import type { MemberRegistry } from '../members/member-registry.ts'
import type { AddressBook, BookEntry } from './address-book.ts'
import { BookExchange } from './book-exchange.ts'
import { CertificateGossip } from './certificate-gossip.ts'
import { type CertificateCounters, CertificateIntake } from './certificate-intake.ts'
import { dialableAddresses } from './connect-target.ts'
import { KeptBook } from './kept-book.ts'
import { type PeerConnections, peerIdOf } from './peer-connections.ts'
import { TopicConnections } from './topic-connections.ts'

export interface DiscoveryOptions {
  readonly network: string
  /** Makes connections, beside those that the operator wants. */
  readonly connects: boolean
}

export interface DiscoveryComponents {
  readonly book: AddressBook
  readonly gossip: Gossip
  readonly peers: PeerConnections
  readonly registry: MemberRegistry
  readonly store: MessageStore
  readonly nodeKey: PrivateKey
  readonly pastelId: PastelId
  readonly counters: CertificateCounters
  readonly topics: () => readonly string[]
  /** Members that are refused for a while. */
  readonly isDenied: (pastelId: PastelId) => boolean
  /**
   * The book has a certificate that was not there. One of the node's own PastelID is that of another node which has
   * taken its place.
   */
  readonly onCertificate: (entry: BookEntry) => void
  readonly onError: (error: unknown) => void
}

/** A node of the network, as its certificate says. */
export interface KnownNode {
  readonly pastelId: PastelId
  readonly peerId: string
  /** Multiaddrs, without those that cannot be dialled. */
  readonly addresses: readonly string[]
  readonly topics: readonly string[]
  /** When its certificate ends, in ms since 1970. */
  readonly expiresAtMs: number
  readonly isConnected: boolean
}

/** How often it is looked at whose certificates have ended, and who is no member any more. */
const SWEEP_MS = 60_000
/** Certificates of one answer that are news for the neighbours, too; many are for who comes new. */
const MAX_SPREAD = 8

/** How nodes find each other: the address book, kept and exchanged, and the connections that it is good for. */
export class Discovery {
  readonly #options: DiscoveryOptions
  readonly #components: DiscoveryComponents
  readonly #kept: KeptBook
  readonly #gossip: CertificateGossip
  readonly #exchange: BookExchange
  readonly #connections: TopicConnections
  #sweeper: NodeJS.Timeout | undefined
  #stopListening: (() => void) | undefined

  constructor(options: DiscoveryOptions, components: DiscoveryComponents) {
    const { network } = options
    const { book, peers, pastelId, registry, store, gossip, onError } = components
    this.#options = options
    this.#components = components
    const intake = new CertificateIntake({ network, own: pastelId }, components)
    this.#kept = new KeptBook({ values: store.values, book, intake, pastelId })
    this.#gossip = new CertificateGossip({ network }, { gossip, intake, book, onError })
    this.#exchange = new BookExchange({
      book,
      intake,
      onError,
      onNews: (news) => {
        if (news.length <= MAX_SPREAD) for (const name of news) this.#gossip.spread(name)
      },
    })
    this.#connections = new TopicConnections({
      book,
      topics: components.topics,
      peers: () => peers.certifiedPeers(),
      connectTo: (certificate, signal) => peers.connectTo(certificate, signal),
      isLeftAlone: (name) =>
        name === pastelId ||
        peers.isDisconnected(name) ||
        components.isDenied(name) ||
        registry.memberAt(name, Date.now()) === undefined,
      nodeKey: components.nodeKey.publicKey.raw,
    })
  }

  /** @param registrar one that lets certified connections only */
  async start(registrar: Registrar): Promise<void> {
    this.#stopListening = this.#components.book.listen({
      added: (entry, source) => {
        if (source === 'shown') this.#gossip.spread(entry.pastelId)
        this.#components.onCertificate(entry)
      },
    })
    await this.#exchange.start(registrar)
  }

  /** Makes connections from now on. The node's certificate is made, and it listens. */
  begin(): void {
    this.#gossip.start()
    this.#kept.start()
    if (this.#options.connects) this.#connections.start()
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS)
  }

  async stop(): Promise<void> {
    clearInterval(this.#sweeper)
    this.#connections.stop()
    this.#gossip.stop()
    this.#stopListening?.()
    await this.#exchange.stop()
    await this.#kept.stop()
  }

  /** The node has a new certificate. */
  renewed(envelope: Uint8Array): void {
    const { book, pastelId } = this.#components
    book.setOwn(pastelId, readCertificate(envelope), envelope)
    this.#kept.ownChanged()
    this.#gossip.spread(pastelId)
    this.look()
  }

  connected({ peerId, pastelId, connection }: Parameters<PeerConnections['certified']>[0]): void {
    this.#exchange.connected(peerId, connection)
    this.#connections.connected(pastelId)
  }

  disconnected({ peerId, pastelId }: { readonly peerId: string; readonly pastelId: PastelId }): void {
    this.#exchange.disconnected(peerId)
    this.#connections.disconnected(pastelId)
  }

  /** Looks soon whether connections are missing: topics, or what peers announce, have changed. */
  look(): void {
    if (this.#options.connects) this.#connections.look()
  }

  /** Who is a member has changed: certificates that were passed over may be taken now, others have to go. */
  membersChanged(): void {
    this.#sweep()
    this.#exchange.beginAgain()
  }

  /** The serial of the last certificate of the node's own PastelID, of the earlier starts; 0: none is known. */
  lastSerial(): Promise<number> {
    return this.#kept.lastSerial()
  }

  /** Resolves when the book that was kept has been read. */
  loaded(): Promise<void> {
    return this.#kept.loaded()
  }

  /** What the book says, this node aside. */
  known(): KnownNode[] {
    const { book, peers } = this.#components
    const connected = new Set(peers.list().map(({ peerId }) => peerId))
    return [...book.entries()].map(({ pastelId, certificate }) => {
      const peerId = peerIdOf(certificate)
      return {
        pastelId,
        peerId,
        addresses: dialableAddresses(certificate.addresses).map(String),
        topics: certificate.topics,
        expiresAtMs: certificate.notAfterMs,
        isConnected: connected.has(peerId),
      }
    })
  }

  #sweep(): void {
    const { book, registry } = this.#components
    const nowMs = Date.now()
    book.sweep(nowMs, (pastelId) => registry.memberAt(pastelId, nowMs) !== undefined)
  }
}
