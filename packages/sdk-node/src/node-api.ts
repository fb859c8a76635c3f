import type { Libp2p } from '@libp2p/interface'
import { topicChannel } from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import { TypedEventEmitter } from 'main-event'
import type { CarriedTopics } from './carried-topics.ts'
import type { Discovery, KnownNode } from './connection/discovery.ts'
import type { PeerConnections } from './connection/peer-connections.ts'
import type {
  MeshNodeEvents,
  PeerInfo,
  ReadMessagesOptions,
  ReceivedEntry,
  ReceivedMessage,
  SubscribeOptions,
  UnsharedOptions,
} from './index.ts'
import { type MeshAlert, toMeshAlert } from './mesh-alert.ts'
import type { MessageReader } from './message-reader.ts'
import type { Standing } from './standing.ts'
import type { TopicPeer, TopicPeers, WaitForPeersOptions } from './topic-peers.ts'

export interface NodeParts {
  readonly libp2p: Libp2p
  readonly store: MessageStore
  readonly topics: CarriedTopics
  readonly topicPeers: TopicPeers
  readonly peers: PeerConnections
  readonly discovery: Discovery
  readonly reader: MessageReader
  readonly standing: Standing
}

/** What a node is asked, and each time one of its parts answers. */
export abstract class NodeApi extends TypedEventEmitter<MeshNodeEvents> {
  protected abstract parts(): NodeParts
  /** @throws MeshError ERR_NOT_STARTED */
  protected abstract assertRunning(): void

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

  addresses(): string[] {
    return this.parts().libp2p.getMultiaddrs().map(String)
  }

  peers(): PeerInfo[] {
    return this.parts().peers.list()
  }

  alerts(): MeshAlert[] {
    return this.parts().store.alerts().map(toMeshAlert)
  }

  topicPeers(topic: string): TopicPeer[] {
    return this.parts().topicPeers.list(topic)
  }

  async waitForPeers(topic: string, options: WaitForPeersOptions = {}): Promise<TopicPeer[]> {
    this.assertRunning()
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

  subscribe(topic: string, options: SubscribeOptions = {}): AsyncGenerator<ReceivedEntry> {
    this.join(topic)
    return this.parts().reader.follow(topicChannel(topic), options)
  }

  messages(options: ReadMessagesOptions = {}): AsyncGenerator<ReceivedEntry> {
    return this.parts().reader.read(options)
  }

  unshared(options: UnsharedOptions = {}): AsyncGenerator<ReceivedMessage> {
    return this.parts().standing.unshared(options)
  }

  async connect(target: string, options: { signal?: AbortSignal } = {}): Promise<PeerInfo> {
    this.assertRunning()
    return this.parts().peers.connect(target, options)
  }

  async disconnect(target: string): Promise<void> {
    this.assertRunning()
    await this.parts().peers.disconnect(target)
  }
}
