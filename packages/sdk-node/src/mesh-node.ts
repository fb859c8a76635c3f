import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { MeshError, type PastelId } from '@pastel-mesh/identity'
import { assertNetworkName, inboxChannel } from '@pastel-mesh/protocol'
import type { CarriedTopics } from './carried-topics.ts'
import { AddressBook } from './connection/address-book.ts'
import { Bans } from './connection/bans.ts'
import { BookAddresses } from './connection/book-addresses.ts'
import { CertificateGate } from './connection/certificate-gate.ts'
import { parseAddress } from './connection/connect-target.ts'
import { describeNode } from './connection/describe-node.ts'
import { Discovery } from './connection/discovery.ts'
import { OwnCertificate } from './connection/own-certificate.ts'
import { PeerConnections } from './connection/peer-connections.ts'
import { createCounters } from './counters.ts'
import { DirectMessages } from './direct/direct-messages.ts'
import { Gossip } from './gossip/gossip.ts'
import { PeerGuard } from './gossip/peer-guard.ts'
import { GossipStreams } from './gossip/stream-guards.ts'
import { TopicDelivery } from './gossip/topic-delivery.ts'
import { abortable } from './inbound/abortable.ts'
import { Arrivals } from './inbound/arrivals.ts'
import { createNodeInbound } from './inbound/node-inbound.ts'
import type { InboundPipeline } from './inbound/pipeline.ts'
import type { MeshNode, NodeComponents, NodeOptions } from './index.ts'
import { createTransport, listen, type Transport, transportOptions } from './libp2p.ts'
import { Lifecycle } from './lifecycle.ts'
import type { MemberRegistry } from './members/member-registry.ts'
import { MessageReader } from './message-reader.ts'
import { TransportMeters } from './meters/transport-meters.ts'
import { NodeApi, type NodeParts } from './node-api.ts'
import { DEFAULT_CERTIFICATE_LIFETIME_MS, syncOptions } from './node-defaults.ts'
import { createNodeTopics } from './node-topics.ts'
import { OutboundPipeline } from './outbound/pipeline.ts'
import { RetentionTask } from './retention-task.ts'
import { Standing } from './standing.ts'
import { tellStoreEvents } from './store-events.ts'
import { LogSync } from './sync/log-sync.ts'
import { syncedChannels } from './sync/synced-channels.ts'
import { TopicPeers } from './topic-peers.ts'

/** Wires the two pipelines, gossip, log sync and the certificate gate; holds no rules of its own. */
export class PastelMeshNode extends NodeApi implements MeshNode {
  readonly network: string
  readonly pastelId: PastelId
  readonly counters = createCounters()
  readonly registry: MemberRegistry
  readonly standing: Standing
  readonly #options: NodeOptions
  readonly #components: NodeComponents
  readonly #topics: CarriedTopics
  readonly #bootstrap: readonly Multiaddr[]
  readonly #own: OwnCertificate
  readonly #gate: CertificateGate
  readonly #inbound: InboundPipeline
  readonly #arrivals: Arrivals
  readonly #reader: MessageReader
  readonly #gossipStreams: GossipStreams
  readonly #peers: PeerConnections
  readonly #book = new AddressBook()
  readonly bans: Bans
  readonly meters = new TransportMeters()
  readonly #topicPeers: TopicPeers
  readonly #direct: DirectMessages
  #outbound: OutboundPipeline | undefined
  #transport!: Transport
  #gossip!: Gossip
  #delivery!: TopicDelivery
  #guard!: PeerGuard
  #sync!: LogSync
  #discovery!: Discovery
  readonly retention: RetentionTask
  #stopTelling: (() => void) | undefined
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
    const { signer, store, registry } = components
    this.network = options.network
    this.registry = registry
    this.pastelId = signer.pastelId
    this.#options = options
    this.#components = components
    this.#topics = createNodeTopics(options, {
      state: () => this.#state,
      gossip: () => this.#gossip,
      gate: () => this.#gate,
      sync: () => this.#sync,
      book: this.#book,
      onFull: (topic, pastelId) =>
        this.safeDispatchEvent('relayFull', { detail: { topic, ...(pastelId && { pastelId }) } }),
    })
    this.#bootstrap = (options.bootstrap ?? []).map(parseAddress)
    this.#reader = new MessageReader({ store, inbox: inboxChannel(this.pastelId), isDouble: this.isDouble })
    this.#gossipStreams = new GossipStreams({
      onCongested: () => {
        this.counters.congested += 1
      },
    })
    const book = this.#book
    this.#peers = new PeerConnections({
      libp2p: () => this.#transport.libp2p,
      gate: () => this.#gate,
      book,
      addresses: new BookAddresses(transportOptions(options), { libp2p: () => this.#transport.libp2p }),
      pastelId: signer.pastelId,
      onConnected: (peer) => {
        this.#sync.connected(peer.peerId, peer.connection)
        this.#topics.announced({ pastelId: peer.pastelId, topics: peer.certificate.topics })
        this.#discovery.connected(peer)
        this.#direct.connected(peer.connection)
        this.safeDispatchEvent('connected', { detail: this.#peers.info(peer) })
      },
      onUse: (connection) => this.#use(connection),
      onDisconnected: (peer) => {
        this.#sync.disconnected(peer.peerId)
        this.#discovery.disconnected(peer)
        this.#direct.disconnected(peer.peerId)
        this.safeDispatchEvent('disconnected', { detail: this.#peers.info(peer) })
      },
      onUnreachable: (address, reason) =>
        this.safeDispatchEvent('unreachable', { detail: { address, reason } }),
    })
    this.#topicPeers = new TopicPeers({
      gossip: () => this.#gossip,
      pastelIdOf: (peer) => this.#peers.pastelIdOf(peer),
    })
    this.bans = new Bans({
      store,
      connections: () => this.#transport.libp2p.getConnections(),
      pastelIdOn: (connection) => this.#gate.peerOn(connection)?.pastelId,
      own: () => [this.pastelId, this.peerId],
    })
    this.#inbound = createNodeInbound(options, {
      ...components,
      counters: this.counters,
      pastelIdOf: (peer) => this.#peers.pastelIdOf(peer),
      inbox: () => this.#direct.intake,
    })
    this.#arrivals = new Arrivals({
      inbound: () => this.#inbound,
      sync: () => this.#sync,
      direct: () => this.#direct,
      pastelIdOf: (peer) => this.#peers.pastelIdOf(peer),
      onError: this.#onError,
    })
    this.retention = new RetentionTask(options.retention ?? {}, {
      store,
      own: signer.publicKey,
      onPruned: (detail) => this.safeDispatchEvent('pruned', { detail }),
      onError: this.#onError,
    })
    const lifetimeMs = options.certificateLifetimeMs ?? DEFAULT_CERTIFICATE_LIFETIME_MS
    this.#own = new OwnCertificate(
      { network: options.network, lifetimeMs },
      {
        signer,
        privateKey: components.nodeKey,
        onRenewed: (envelope) => this.#discovery.renewed(envelope),
        prepare: (notAfterMs) => this.#direct.keys.prepare(notAfterMs),
        describe: () => describeNode(this.#transport.libp2p, this.#topics, this.#direct.keys),
      },
    )
    this.#direct = this.#createDirect()
    this.standing = new Standing(options, { ...components, own: this.#own, node: this })
    this.#gate = new CertificateGate(
      { network: options.network },
      {
        own: this.#own,
        registry,
        book,
        witness: this.standing,
        onCertified: (peer) => this.#peers.certified(peer),
        onTwice: (peer) => this.safeDispatchEvent('runsTwice', { detail: this.#peers.info(peer) }),
        onRefused: (refusal) => this.safeDispatchEvent('refused', { detail: refusal }),
        onGone: (peer) => this.#peers.gone(peer),
        isDenied: (pastelId) => this.#guard.isDenied(pastelId),
        forget: (peer) => void this.#transport.libp2p.peerStore.delete(peer).catch(() => {}),
      },
    )
  }

  start(): Promise<void> {
    return this.#lifecycle.start()
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop()
  }

  protected parts(): NodeParts {
    return {
      libp2p: this.#transport.libp2p,
      store: this.#components.store,
      topics: this.#topics,
      topicPeers: this.#topicPeers,
      peers: this.#peers,
      inbound: this.#inbound,
      discovery: this.#discovery,
      reader: this.#reader,
      standing: this.standing,
      direct: this.#direct,
      guard: this.#guard,
    }
  }

  async #open(signal: AbortSignal): Promise<void> {
    this.#state = 'starting'
    const { libp2p, registrar, certifiedRegistrar } = this.#transport
    this.#outbound = new OutboundPipeline(
      { network: this.network, maxBatchMessages: this.#options.maxBatchMessages ?? 512 },
      {
        ...this.#components,
        counters: this.counters,
        deliver: (batch) => {
          this.#direct.committed(batch)
          return this.#delivery.deliver(batch)
        },
        seal: (header, payload) => this.#direct.sender.seal(header, payload),
        assertMayPublish: () => this.standing.assertGood(),
      },
    )
    this.#stopTelling = tellStoreEvents(this.#components.store, this, this.isDouble)
    libp2p.addEventListener('connection:open', this.#onOpen)
    await this.bans.load()
    await this.#direct.load()
    this.#own.goOnFrom(await this.#discovery.lastSerial())
    const certifying = this.#gate.start(registrar)
    await abortable(certifying, signal).catch((error) => {
      // A signer that answers after the end finds the gate open: it is closed again.
      certifying.then(() => this.#gate.stop()).catch(() => {})
      throw error
    })
    await this.#sync.start(certifiedRegistrar)
    await this.#discovery.start(certifiedRegistrar)
    await this.#direct.start(certifiedRegistrar)
    this.#gossip.start()
    await listen(libp2p, this.#options.listen)
    // The addresses are known only now.
    await abortable(this.#own.renew(), signal)
    this.#state = 'started'
    for (const topic of this.#topics.all) this.#gossip.join(topic)
    this.#guard.start()
    this.standing.start(this.#gate, this.#sync)
    this.retention.start()
    this.#peers.start(this.#bootstrap)
    this.#discovery.begin()
    await this.#direct.begin()
    this.addEventListener('members', this.#onMembers)
    this.addEventListener('clock', this.#onClock)
    this.safeDispatchEvent('start')
  }

  async #close(): Promise<void> {
    const { libp2p } = this.#transport
    this.#state = 'stopping'
    this.#peers.stop()
    this.#topicPeers.stop()
    this.standing.stop()
    this.removeEventListener('members', this.#onMembers)
    this.removeEventListener('clock', this.#onClock)
    await this.retention.stop()
    await this.#direct.stopHandingOver()
    await this.#outbound?.stop()
    this.#state = 'stopped'
    await this.#direct.stop()
    this.#guard.stop()
    await this.#discovery.stop()
    this.#gossip.stop()
    await this.#sync.stop()
    // The store's owner may close it as soon as this ends.
    await this.#inbound.settled()
    await this.#gate.stop()
    libp2p.removeEventListener('connection:open', this.#onOpen)
    await libp2p.stop()
    this.#stopTelling?.()
    this.safeDispatchEvent('stop')
  }

  async #build(): Promise<void> {
    this.#transport = await createTransport(transportOptions(this.#options), {
      privateKey: this.#components.nodeKey,
      certifier: this.#gate,
      gossipStreams: this.#gossipStreams,
      gater: this.bans.gater((peer) => this.#guard.isDenied(peer)),
      counters: this.counters,
      meters: this.meters,
    })
    const { gossipsub } = this.#transport
    const onError = this.#onError
    this.#gossip = new Gossip(
      { network: this.network },
      {
        gossipsub,
        onError,
        charge: (peer, work) => this.#gossipStreams.charge(peer, work),
        receive: (envelope, peer, channel) => this.#arrivals.byGossip(envelope, peer, channel),
        isNodeOf: (peer, sender) => this.#peers.pastelIdOf(peer) === sender,
        reaches: (peer, author) => this.#sync.reaches(peer, author),
      },
    )
    const state = () => this.#state
    this.#delivery = new TopicDelivery({ gossip: this.#gossip, streams: this.#gossipStreams, state, onError })
    this.#guard = new PeerGuard({
      gossipsub,
      certified: () => this.#gate.peers(),
      isBanned: (name) => this.bans.isBanned(name),
      reopen: (connection) => this.#gossipStreams.reopen(connection),
    })
    this.#sync = new LogSync(syncOptions(this.#options), {
      store: this.#components.store,
      counters: this.counters.sync,
      own: this.#components.signer.publicKey,
      channels: (peer) => syncedChannels(this.#topics.all, this.pastelId, this.#peers.pastelIdOf(peer)),
      receive: (envelope, peer, delivery) => this.#arrivals.bySync(envelope, peer, delivery),
      onClock: (peer, epochMs) => this.standing.measured(this.#peers.pastelIdOf(peer), epochMs),
      senderOf: (peer) => this.#peers.publicKeyOf(peer),
      onError,
    })
    this.#discovery = new Discovery(
      { network: this.network, connects: this.#options.discover ?? true },
      {
        ...this.#components,
        book: this.#book,
        gossip: this.#gossip,
        peers: this.#peers,
        pastelId: this.pastelId,
        counters: this.counters.certificates,
        topics: () => this.#topics.all,
        isDenied: (pastelId) => this.#guard.isDenied(pastelId),
        onCertificate: ({ pastelId, certificate }) => {
          if (pastelId === this.pastelId) this.standing.supersession.seen(certificate)
          this.#gate.refuseSuperseded(pastelId)
          this.#topics.announced({ pastelId, topics: certificate.topics })
        },
        onError,
      },
    )
  }

  protected running(): OutboundPipeline {
    if (this.#outbound === undefined) throw new MeshError('ERR_NOT_STARTED', 'the node is not started')
    return this.#outbound
  }

  readonly #onError = (error: unknown): void => {
    this.safeDispatchEvent('error', { detail: error as Error })
  }

  /** What was signed while the clock was wrong is refused, and not made anew by itself for hours. */
  readonly #onClock = (): void => this.#gate.renewSoon()

  readonly #onMembers = (): void => this.#discovery.membersChanged()

  readonly #onOpen = ({ detail }: CustomEvent<Connection>): void => this.#gate.opened(detail)

  /** From now on a peer is talked to by this connection. */
  #use(connection: Connection): void {
    this.#sync.connected(connection.remotePeer.toString(), connection)
    this.#direct.connected(connection)
    this.#gossipStreams.reopen(connection)
  }

  #createDirect(): DirectMessages {
    const { network, mailbox, outbox, discover = true } = this.#options
    return new DirectMessages(
      { network, mailbox, outbox },
      {
        ...this.#components,
        counters: this.counters,
        book: this.#book,
        outbound: () => this.running(),
        certificate: () => this.#own.envelope,
        connectTo: (certificate, signal) => this.#peers.connectTo(certificate, signal),
        isLeftAlone: (name) =>
          !discover ||
          this.#guard.isDenied(name) ||
          this.#peers.isDisconnected(name) ||
          this.registry.memberAt(name, Date.now()) === undefined,
        receive: (envelope, peer, options) => this.#arrivals.left(envelope, peer, options),
        charge: (peer, batches, signal) => this.#inbound.charge(peer, batches, signal),
        pastelIdOf: (peer) => this.#peers.pastelIdOf(peer),
        onMissing: (peer, log) => this.#sync.read(peer, log),
        onOffence: (peer) => this.#guard.offended(peer),
        onDelivery: (detail) => this.safeDispatchEvent('delivery', { detail }),
        onError: this.#onError,
      },
    )
  }
}
