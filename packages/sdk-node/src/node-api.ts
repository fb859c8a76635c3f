import type { Libp2p } from '@libp2p/interface'
import type { PastelId } from '@pastel-mesh/identity'
import { inboxChannel, type MessageInput, topicChannel } from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import { TypedEventEmitter } from 'main-event'
import { prepareBrought } from './carried/bring-in.ts'
import type { BroughtMessage } from './carried/carrier.ts'
import type { CarriedTopics } from './carried-topics.ts'
import type { Bans } from './connection/bans.ts'
import type { BootstrapStatus } from './connection/bootstrap-status.ts'
import type { Discovery, KnownNode } from './connection/discovery.ts'
import type { PeerConnections } from './connection/peer-connections.ts'
import type { DeliveryStatus } from './direct/delivery-status.ts'
import type { DirectMessages } from './direct/direct-messages.ts'
import { prepareDirect, type Sent } from './direct/direct-sender.ts'
import type { OutboxStatus } from './direct/outbox.ts'
import type { TopicStatus } from './direct/topic-status.ts'
import type { WaitingSummary } from './direct/waiting-messages.ts'
import type { PeerGuard } from './gossip/peer-guard.ts'
import { abortable } from './inbound/abortable.ts'
import type { InboundPipeline } from './inbound/pipeline.ts'
import type {
  InboxOptions,
  MeshNodeEvents,
  NodeRates,
  PeerInfo,
  ReadMessagesOptions,
  ReceivedEntry,
  ReceivedMessage,
  SendOptions,
  SubscribeOptions,
  UnsharedOptions,
} from './index.ts'
import { type MeshAlert, toMeshAlert } from './mesh-alert.ts'
import type { IsDouble, MessageReader } from './message-reader.ts'
import type { OnceStatus } from './outbound/once-keys.ts'
import type { Accepted } from './outbound/pending.ts'
import type { OutboundPipeline } from './outbound/pipeline.ts'
import type { MessageSource } from './outbound/publish-many.ts'
import type { Standing } from './standing.ts'
import type { TopicPeer, TopicPeers, WaitForPeersOptions } from './topic-peers.ts'

export interface NodeParts {
  readonly libp2p: Libp2p
  readonly store: MessageStore
  readonly topics: CarriedTopics
  readonly topicPeers: TopicPeers
  readonly peers: PeerConnections
  readonly inbound: InboundPipeline
  readonly discovery: Discovery
  readonly reader: MessageReader
  readonly standing: Standing
  readonly direct: DirectMessages
  readonly guard: PeerGuard
}

/** What a node is asked, and each time one of its parts answers. */
export abstract class NodeApi extends TypedEventEmitter<MeshNodeEvents> {
  abstract readonly pastelId: PastelId
  abstract readonly bans: Bans
  protected abstract parts(): NodeParts
  /** @throws MeshError ERR_NOT_STARTED */
  protected abstract running(): OutboundPipeline

  get peerId(): string {
    return this.parts().libp2p.peerId.toString()
  }

  get topics(): readonly string[] {
    return this.parts().topics.all
  }

  get relay(): boolean {
    return this.parts().topics.isRelay
  }

  setRelay(on: boolean): void {
    this.parts().topics.setRelay(on)
  }

  setRates(rates: NodeRates): void {
    this.parts().inbound.setRates(rates)
  }

  addresses(): string[] {
    return this.parts().libp2p.getMultiaddrs().map(String)
  }

  peers(): PeerInfo[] {
    const { peers, guard } = this.parts()
    return peers.list().map((peer) => ({ ...peer, gossipScore: guard.scoreOf(peer.peerId) }))
  }

  bootstrap(): BootstrapStatus[] {
    return this.parts().peers.bootstrap()
  }

  alerts(): MeshAlert[] {
    return this.parts().store.alerts().map(toMeshAlert)
  }

  topicPeers(topic: string): TopicPeer[] {
    return this.parts().topicPeers.list(topic)
  }

  async waitForPeers(topic: string, options: WaitForPeersOptions = {}): Promise<TopicPeer[]> {
    this.running()
    return this.parts().topicPeers.wait(topic, options)
  }

  knownNodes(): KnownNode[] {
    return this.parts().discovery.known()
  }

  join(topic: string): void {
    this.parts().topics.join(topic)
  }

  leave(topic: string): void {
    this.parts().topics.leave(topic)
  }

  async publish(topic: string, message: MessageInput, { once, signal }: SendOptions = {}): Promise<Accepted> {
    signal?.throwIfAborted()
    const channel = topicChannel(topic)
    if (once !== undefined) return abortable(this.running().acceptOnce(channel, message, once), signal)
    const [accepted] = await abortable(this.running().accept(channel, [message]), signal)
    return accepted as Accepted
  }

  async publishMany(
    topic: string,
    messages: Iterable<MessageInput> | AsyncIterable<MessageInput>,
    options: { signal?: AbortSignal } = {},
  ): Promise<Accepted[]> {
    return this.running().publishMany(topicChannel(topic), messages, options.signal)
  }

  subscribe(topic: string, options: SubscribeOptions = {}): AsyncGenerator<ReceivedEntry> {
    this.join(topic)
    return this.parts().reader.follow(topicChannel(topic), options)
  }

  messages(options: ReadMessagesOptions = {}): AsyncGenerator<ReceivedEntry> {
    return this.parts().reader.read(options)
  }

  onceGroups(prefix = ''): Promise<string[]> {
    return this.running().once.groups(prefix)
  }

  onceKeys(): OnceStatus {
    return this.running().once.status
  }

  forgetOnce(group: string): Promise<number> {
    return this.running().once.forget(group)
  }

  send(to: PastelId, message: MessageInput, options?: SendOptions): Promise<Sent>
  send(to: readonly PastelId[], message: MessageInput, options?: SendOptions): Promise<Sent[]>
  async send(
    to: PastelId | readonly PastelId[],
    message: MessageInput,
    { once, signal }: SendOptions = {},
  ): Promise<Sent | Sent[]> {
    signal?.throwIfAborted()
    this.running()
    const isOne = typeof to === 'string'
    const sent = await abortable(this.parts().direct.sender.send(isOne ? [to] : to, message, once), signal)
    return isOne ? (sent[0] as Sent) : sent
  }

  sendMany(to: readonly PastelId[], messages: readonly MessageInput[]): Promise<Sent[]>
  sendMany(to: PastelId, messages: MessageSource, options?: { signal?: AbortSignal }): Promise<Sent[]>
  async sendMany(
    to: PastelId | readonly PastelId[],
    messages: MessageSource,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<Sent[]> {
    this.running()
    return this.parts().direct.sender.sendMany(typeof to === 'string' ? [to] : to, messages, signal)
  }

  async bringIn(brought: BroughtMessage, { signal }: { signal?: AbortSignal } = {}): Promise<Accepted> {
    signal?.throwIfAborted()
    const message = prepareBrought(brought, this.pastelId, prepareDirect)
    const channel = inboxChannel(this.pastelId)
    const [accepted] = await abortable(this.running().acceptPrepared(channel, [message]), signal)
    return accepted as Accepted
  }

  inbox({ from: sender, cursor, signal }: InboxOptions = {}): AsyncGenerator<ReceivedEntry> {
    return this.parts().reader.follow(inboxChannel(this.pastelId), {
      from: cursor ?? 'now',
      ...(sender === undefined ? {} : { sender }),
      ...(signal === undefined ? {} : { signal }),
    })
  }

  outbox(): OutboxStatus {
    return this.parts().direct.outbox.status
  }

  readonly isDouble: IsDouble = (entry, index, message) =>
    this.parts().direct.doubles.isDouble(entry, index, message)

  waiting(): WaitingSummary[] {
    return this.parts().direct.waiting()
  }

  status(id: string): Promise<DeliveryStatus> {
    return this.parts().direct.status(id)
  }

  async waitForDelivery(id: string, { signal }: { signal?: AbortSignal } = {}): Promise<DeliveryStatus> {
    return this.parts().direct.waitForDelivery(id, signal)
  }

  async topicStatus(id: string, { signal }: { signal?: AbortSignal } = {}): Promise<TopicStatus> {
    this.running()
    return this.parts().direct.topics.status(id, signal)
  }

  unshared(options: UnsharedOptions = {}): AsyncGenerator<ReceivedMessage> {
    return this.parts().standing.unshared(options)
  }

  async connect(target: string, options: { signal?: AbortSignal } = {}): Promise<PeerInfo> {
    this.running()
    this.bans.assertMayConnect(target)
    return this.parts().peers.connect(target, options)
  }

  async disconnect(target: string): Promise<void> {
    this.running()
    await this.parts().peers.disconnect(target)
  }
}
