import { noise } from '@chainsafe/libp2p-noise'
import { type GossipsubMessage, gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createStore } from '@pastel-mesh/storage'
import { waitUntil } from '@pastel-mesh/testkit'
import { createLibp2p } from 'libp2p'
import type { Endpoint } from './endpoint.ts'
import type { Job } from './variants.ts'

const TOPIC = 'bench'

/** Gossipsub as it comes, one signature a message, with our group commit under it. */
export async function strictSignEndpoint({ directory }: Job): Promise<Endpoint> {
  const store = createStore({ directory })
  await store.start()
  const libp2p = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) },
  })
  const { pubsub } = libp2p.services
  let stored = 0
  let onStored = () => {}
  const put = async (body: Uint8Array, key: Uint8Array) => {
    await store.writer.commit((operations) => {
      operations.push({ type: 'put', key: Buffer.from(key), value: Buffer.from(body) })
    })
    stored += 1
    onStored()
  }
  pubsub.addEventListener('gossipsub:message', ({ detail }: CustomEvent<GossipsubMessage>) => {
    void put(detail.msg.data, Buffer.from(`X${detail.msgId}`))
  })
  pubsub.subscribe(TOPIC)
  return {
    address: () => libp2p.getMultiaddrs()[0]?.toString() ?? '',
    async connect(address) {
      await libp2p.dial(multiaddr(address))
      await waitUntil(() => pubsub.getSubscribers(TOPIC).length > 0, { what: 'the receiver to subscribe' })
    },
    async publish(bodies) {
      // As our node does: on the publisher's own disk first, while the next ones are being signed.
      const writes: Promise<void>[] = []
      for (const [i, body] of bodies.entries()) {
        writes.push(put(body, Buffer.from(`X${i}`)))
        await pubsub.publish(TOPIC, body)
      }
      await Promise.all(writes)
    },
    received(count) {
      return new Promise((resolve) => {
        onStored = () => {
          if (stored >= count) resolve()
        }
        onStored()
      })
    },
    async stop() {
      await libp2p.stop()
      await store.stop()
    },
  }
}
