import { noise } from '@chainsafe/libp2p-noise'
import { type GossipsubMessage, gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createStore } from '@pastel-mesh/storage'
import { createLibp2p } from 'libp2p'

const TOPIC = 'bench'

export interface StrictSignNodeOptions {
  /** Folder of the database. */
  readonly directory: string
  /** Hears of every message of another node that is on disk. */
  readonly onStored: (body: Uint8Array) => void
}

/** What the baselines are measured with: gossipsub as it comes, with our group commit under it. */
export interface StrictSignNode {
  address(): string
  connect(address: string): Promise<void>
  /** Connections that are open. */
  peers(): number
  /** How many others are known to have the topic. */
  subscribers(): number
  /** Puts a message on this node's own disk. */
  store(body: Uint8Array): Promise<void>
  /** Signs a message and sends it. */
  send(body: Uint8Array): Promise<void>
  stop(): Promise<void>
}

/** Gossipsub with its default, StrictSign: one Ed25519 signature a message, verified for each copy that comes. */
export async function createStrictSignNode({
  directory,
  onStored,
}: StrictSignNodeOptions): Promise<StrictSignNode> {
  const store = createStore({ directory })
  await store.start()
  const libp2p = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    // All come from one host, at once.
    connectionManager: { inboundConnectionThreshold: 1_000 },
    services: { identify: identify(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) },
  })
  const { pubsub } = libp2p.services
  let own = 0
  const put = (key: string, body: Uint8Array) =>
    store.writer.commit((operations) => {
      operations.push({ type: 'put', key: Buffer.from(key), value: Buffer.from(body) })
    })
  pubsub.addEventListener('gossipsub:message', ({ detail }: CustomEvent<GossipsubMessage>) => {
    const { msgId, msg } = detail
    void put(`X${msgId}`, msg.data).then(() => onStored(msg.data))
  })
  pubsub.subscribe(TOPIC)
  return {
    address: () => libp2p.getMultiaddrs()[0]?.toString() ?? '',
    async connect(address) {
      await libp2p.dial(multiaddr(address))
    },
    peers: () => libp2p.getConnections().length,
    subscribers: () => pubsub.getSubscribers(TOPIC).length,
    async store(body) {
      own += 1
      await put(`X${own}`, body)
    },
    async send(body) {
      await pubsub.publish(TOPIC, body)
    },
    async stop() {
      await libp2p.stop()
      await store.stop()
    },
  }
}
