import type { Connection } from '@libp2p/interface'
import { CODE_P2P, type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { MeshError, type PastelId } from '@pastel-mesh/identity'
import {
  assertNetworkName,
  assertTopicName,
  isTopicName,
  type MessageInput,
  parseChannel,
  topicChannel,
} from '@pastel-mesh/protocol'
import type { DiskStatus, StoredBatch } from '@pastel-mesh/storage'
import { TypedEventEmitter } from 'main-event'
import { CertificateGate, type CertifiedPeer } from './connection/certificate-gate.ts'
import { OwnCertificate } from './connection/own-certificate.ts'
import { Reconnector } from './connection/reconnector.ts'
import { createCounters } from './counters.ts'
import { Gossip } from './gossip/gossip.ts'
import { PeerGuard } from './gossip/peer-guard.ts'
import { MAX_TOPICS } from './gossip/settings.ts'
import { GossipStreams } from './gossip/stream-guards.ts'
import { abortable } from './inbound/abortable.ts'
import { InboundPipeline, type Verdict } from './inbound/pipeline.ts'
import { DEFAULT_RATES } from './inbound/rates.ts'
import type {
  Accepted,
  MeshNode,
  MeshNodeEvents,
  NodeComponents,
  NodeOptions,
  PeerInfo,
  ReadMessagesOptions,
  ReceivedMessage,
  SubscribeOptions,
} from './index.ts'
import { createTransport, type Transport } from './libp2p.ts'
import { Lifecycle } from './lifecycle.ts'
import { MessageReader } from './message-reader.ts'
import { OutboundPipeline } from './outbound/pipeline.ts'
import { isExpired, toReceivedMessage } from './received-message.ts'
import { LogSync } from './sync/log-sync.ts'

/** How long a sender waits for a congested mesh before it leaves its peers to log sync. */
const MAX_PACING_MS = 1_000

const DEFAULT_CERTIFICATE_LIFETIME_MS = 24 * 60 * 60_000
const DEFAULT_SYNC_INTERVAL_MS = 3_000

/** Wires the two pipelines, gossip, log sync and the certificate gate; holds no rules of its own. */
export class PastelMeshNode extends TypedEventEmitter<MeshNodeEvents> implements MeshNode {
  readonly network: string
  readonly pastelId: PastelId
  readonly counters = createCounters()
  readonly #options: NodeOptions
  readonly #components: NodeComponents
  readonly #topics: Set<string>
  readonly #bootstrap: readonly Multiaddr[]
  readonly #own: OwnCertificate
  readonly #gate: CertificateGate
  readonly #inbound: InboundPipeline
  readonly #reader: MessageReader
  readonly #gossipStreams: GossipStreams
  readonly #reconnector: Reconnector
  #outbound: OutboundPipeline | undefined
  #transport!: Transport
  #gossip!: Gossip
  #guard!: PeerGuard
  #sync!: LogSync
  #removeAppended: (() => void) | undefined
  #removeDisk: (() => void) | undefined
  #state: 'new' | 'starting' | 'started' | 'stopping' | 'stopped' = 'new'
  readonly #lifecycle = new Lifecycle({ open: (signal) => this.#open(signal), close: () => this.#close() })

  static async create(options: NodeOptions, components: NodeComponents): Promise<PastelMeshNode> {
    const node = new PastelMeshNode(options, components)
    await node.#build()
    return node
  }

  private constructor(options: NodeOptions, components: NodeComponents) {
    super()
    assertNetworkName(options.network)
    for (const topic of options.topics ?? []) assertTopicName(topic)
    assertTopicCount(new Set(options.topics).size)
    const { signer, store, registry } = components
    this.network = options.network
    this.pastelId = signer.pastelId
    this.#options = options
    this.#components = components
    this.#topics = new Set(options.topics)
    this.#bootstrap = (options.bootstrap ?? []).map(parseAddress)
    this.#reader = new MessageReader({ store })
    this.#gossipStreams = new GossipStreams({
      onCongested: () => {
        this.counters.congested += 1
      },
    })
    this.#reconnector = new Reconnector({
      dial: (address, signal) => this.#transport.libp2p.dial(address, { signal }),
      onUnreachable: (address, { message }) =>
        this.safeDispatchEvent('unreachable', { detail: { address, reason: message } }),
    })
    const { peerRates = DEFAULT_RATES, senderRates = DEFAULT_RATES } = options
    this.#inbound = new InboundPipeline(
      { network: options.network, peerRates, senderRates },
      { store, registry, counters: this.counters },
    )
    const lifetimeMs = options.certificateLifetimeMs ?? DEFAULT_CERTIFICATE_LIFETIME_MS
    this.#own = new OwnCertificate(
      { network: options.network, lifetimeMs },
      { signer, privateKey: components.nodeKey, describe: () => this.#describe() },
    )
    this.#gate = new CertificateGate(
      { network: options.network },
      {
        own: this.#own,
        registry,
        onCertified: (peer) => this.#onCertified(peer),
        onRefused: (refusal) => this.safeDispatchEvent('refused', { detail: refusal }),
        onGone: (peer) => this.#onGone(peer),
        isDenied: (pastelId) => this.#guard.isDenied(pastelId),
        forget: (peer) => void this.#transport.libp2p.peerStore.delete(peer).catch(() => {}),
      },
    )
  }

  get peerId(): string {
    return this.#transport.libp2p.peerId.toString()
  }

  get topics(): readonly string[] {
    return [...this.#topics]
  }

  start(): Promise<void> {
    return this.#lifecycle.start()
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop()
  }

  addresses(): string[] {
    return this.#transport.libp2p.getMultiaddrs().map(String)
  }

  peers(): PeerInfo[] {
    return [...this.#gate.peers()].map(toPeerInfo)
  }

  topicPeers(topic: string): string[] {
    return this.#gossip.subscribers(topic)
  }

  async publish(
    topic: string,
    message: MessageInput,
    options: { signal?: AbortSignal } = {},
  ): Promise<Accepted> {
    options.signal?.throwIfAborted()
    const accepting = this.#running().accept(topicChannel(topic), [message])
    const [accepted] = await abortable(accepting, options.signal)
    return accepted as Accepted
  }

  async publishMany(
    topic: string,
    messages: Iterable<MessageInput> | AsyncIterable<MessageInput>,
    options: { signal?: AbortSignal } = {},
  ): Promise<Accepted[]> {
    return this.#running().publishMany(topicChannel(topic), messages, options.signal)
  }

  join(topic: string): void {
    assertTopicName(topic)
    if (this.#topics.has(topic)) return
    assertTopicCount(this.#topics.size + 1)
    this.#topics.add(topic)
    if (this.#state !== 'started') return
    this.#gossip.join(topic)
    for (const { peerId } of this.#gate.peers()) this.#sync.read(peerId)
  }

  leave(topic: string): void {
    if (this.#topics.delete(topic) && this.#state === 'started') this.#gossip.leave(topic)
  }

  subscribe(topic: string, options: SubscribeOptions = {}): AsyncGenerator<ReceivedMessage> {
    this.join(topic)
    return this.#reader.follow(topicChannel(topic), options)
  }

  messages(options: ReadMessagesOptions = {}): AsyncGenerator<ReceivedMessage> {
    return this.#reader.read(options)
  }

  async connect(address: string, options: { signal?: AbortSignal } = {}): Promise<PeerInfo> {
    this.#running()
    const target = parseAddress(address)
    let connection: Connection
    try {
      connection = await this.#transport.libp2p.dial(target, options)
    } catch (cause) {
      throw new MeshError('ERR_DIAL', `${address} cannot be reached: ${(cause as Error).message}`, { cause })
    }
    await this.#gate.whenCertified(connection)
    const peer = this.#gate.peerOf(connection.remotePeer.toString())
    if (peer === undefined) throw new MeshError('ERR_NOT_CERTIFIED', `${address} hung up`)
    return toPeerInfo(peer)
  }

  async #open(signal: AbortSignal): Promise<void> {
    this.#state = 'starting'
    const { libp2p, registrar, certifiedRegistrar } = this.#transport
    this.#outbound = new OutboundPipeline(
      { network: this.network, maxBatchMessages: this.#options.maxBatchMessages ?? 512 },
      { ...this.#components, counters: this.counters, deliver: (batch) => this.#deliver(batch) },
    )
    this.#removeAppended = this.#components.store.onAppended((batch) => this.#announce(batch))
    const { disk } = this.#components.store
    this.#removeDisk = disk.onChange((status) => this.#tellDisk(status))
    if (disk.status.state !== 'ok') this.#tellDisk(disk.status)
    libp2p.addEventListener('connection:open', this.#onOpen)
    const certifying = this.#gate.start(registrar)
    await abortable(certifying, signal).catch((error) => {
      // A signer that answers after the end finds the gate open: it is closed again.
      certifying.then(() => this.#gate.stop()).catch(() => {})
      throw error
    })
    await this.#sync.start(certifiedRegistrar)
    this.#gossip.start()
    await this.#listen()
    // The addresses are known only now.
    await abortable(this.#own.renew(), signal)
    this.#state = 'started'
    for (const topic of this.#topics) this.#gossip.join(topic)
    this.#guard.start()
    for (const address of this.#bootstrap) this.#reconnector.keep(address)
    this.safeDispatchEvent('start')
  }

  async #listen(): Promise<void> {
    try {
      await this.#transport.libp2p.start()
    } catch (cause) {
      throw new MeshError(
        'ERR_LISTEN',
        `the node cannot listen on ${this.#options.listen?.join(', ')}: ${(cause as Error).message}`,
        { cause },
      )
    }
  }

  async #close(): Promise<void> {
    const { libp2p } = this.#transport
    this.#state = 'stopping'
    this.#reconnector.stop()
    await this.#outbound?.stop()
    this.#state = 'stopped'
    this.#guard.stop()
    this.#gossip.stop()
    await this.#sync.stop()
    // The store's owner may close it as soon as this ends.
    await this.#inbound.settled()
    await this.#gate.stop()
    libp2p.removeEventListener('connection:open', this.#onOpen)
    await libp2p.stop()
    this.#removeAppended?.()
    this.#removeDisk?.()
    this.safeDispatchEvent('stop')
  }

  async #build(): Promise<void> {
    const { listen = ['/ip4/127.0.0.1/tcp/0'], announce = [], manyPeersPerHost = false } = this.#options
    this.#transport = await createTransport(
      { listen, announce, manyPeersPerHost },
      {
        privateKey: this.#components.nodeKey,
        certifier: this.#gate,
        gossipStreams: this.#gossipStreams,
        isDenied: (peer) => this.#guard.isDenied(peer),
      },
    )
    const { gossipsub } = this.#transport
    const onError = (error: unknown) => this.safeDispatchEvent('error', { detail: error as Error })
    this.#gossip = new Gossip(
      { network: this.network },
      {
        gossipsub,
        onError,
        charge: (peer, work) => this.#gossipStreams.charge(peer, work),
        receive: (envelope, peer, channel) => this.#receiveGossip(envelope, peer, channel),
      },
    )
    this.#guard = new PeerGuard({
      gossipsub,
      certified: () => this.#gate.peers(),
      reopen: (connection) => this.#gossipStreams.reopen(connection),
    })
    this.#sync = new LogSync(
      { intervalMs: this.#options.syncIntervalMs ?? DEFAULT_SYNC_INTERVAL_MS },
      {
        store: this.#components.store,
        channels: () => [...this.#topics].map(topicChannel),
        receive: (envelope, peer, delivery) =>
          this.#inbound.receive(envelope, { via: 'sync', peer, ...delivery }),
        onError,
      },
    )
  }

  /** What this node's certificate says about it. */
  #describe() {
    const { libp2p } = this.#transport
    return {
      addresses: libp2p.getMultiaddrs().map((address) => withoutPeerId(address).bytes),
      topics: [...this.#topics].filter(isTopicName),
      roles: [],
    }
  }

  async #receiveGossip(envelope: Uint8Array, peer: string, channel: string): Promise<Verdict> {
    const verdict = await this.#inbound.receive(envelope, { via: 'gossip', peer, channel })
    if (verdict.action === 'accept') {
      if ('missing' in verdict) this.#sync.read(peer, verdict.missing.log)
      else verdict.committed.catch((error) => this.safeDispatchEvent('error', { detail: error as Error }))
    }
    return verdict
  }

  /** Sends an own batch, now on disk, to those who are there; the others come for it. */
  async #deliver({ envelope, signed }: StoredBatch): Promise<void> {
    const channel = parseChannel(signed.batch.channel)
    if (channel.kind !== 'topic' || (this.#state !== 'started' && this.#state !== 'stopping')) return
    try {
      await this.#gossip.publish(channel.topic, envelope)
    } catch (error) {
      this.safeDispatchEvent('error', { detail: error as Error })
    }
    // The end waits for nobody's buffer.
    if (this.#state !== 'started') return
    await this.#gossipStreams.whenRoom(this.#gossip.subscribers(channel.topic), MAX_PACING_MS)
  }

  #tellDisk(detail: DiskStatus): void {
    this.safeDispatchEvent('disk', { detail })
  }

  #announce(batch: StoredBatch): void {
    if (this.listenerCount('message') === 0 || isExpired(batch, Date.now())) return
    for (let index = 0; index < batch.count; index += 1) {
      const detail = toReceivedMessage(batch, index, this.#components.store.storeId)
      this.safeDispatchEvent('message', { detail })
    }
  }

  #running(): OutboundPipeline {
    if (this.#outbound === undefined) throw new MeshError('ERR_NOT_STARTED', 'the node is not started')
    return this.#outbound
  }

  readonly #onOpen = ({ detail }: CustomEvent<Connection>): void => this.#gate.opened(detail)

  #onCertified(peer: CertifiedPeer): void {
    this.#sync.connected(peer.peerId, peer.connection)
    this.safeDispatchEvent('connected', { detail: toPeerInfo(peer) })
  }

  #onGone(peer: CertifiedPeer): void {
    const other = this.#gate.peerOf(peer.peerId)
    if (other === undefined) this.#sync.disconnected(peer.peerId)
    else this.#sync.connected(peer.peerId, other.connection)
    this.safeDispatchEvent('disconnected', { detail: toPeerInfo(peer) })
  }
}

function toPeerInfo({ peerId, pastelId, certificate, connection }: CertifiedPeer): PeerInfo {
  const { remoteAddr, direction } = connection
  return { peerId, pastelId, address: remoteAddr.toString(), direction, topics: certificate.topics }
}

/** Peers refuse a certificate, and drop the frame that tells a node's topics, if there are more. */
function assertTopicCount(count: number): void {
  if (count <= MAX_TOPICS) return
  throw new MeshError('ERR_TOO_MANY_TOPICS', `a node carries ${MAX_TOPICS} topics at most: leave one first`)
}

/** The PeerId is in the certificate already. */
function withoutPeerId(address: Multiaddr): Multiaddr {
  return address.decapsulateCode(CODE_P2P)
}

/** @throws MeshError ERR_ADDRESS */
function parseAddress(address: string): Multiaddr {
  try {
    return multiaddr(address)
  } catch (cause) {
    throw new MeshError(
      'ERR_ADDRESS',
      `"${address.slice(0, 200)}" is not a multiaddr such as /ip4/127.0.0.1/tcp/7123`,
      { cause },
    )
  }
}
