import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { createNode, createOpenRegistry, generateNodeKey } from '@pastel-mesh/sdk-node'
import { createStore } from '@pastel-mesh/storage'
import { waitUntil } from '@pastel-mesh/testkit'
import type { Endpoint } from './endpoint.ts'
import type { Job } from './variants.ts'

const TOPIC = 'bench'

/** A MeshNode with its defaults. */
export async function meshEndpoint({ directory, batch }: Job): Promise<Endpoint> {
  const store = createStore({ directory })
  await store.start()
  const node = await createNode(
    { network: 'bench', topics: [TOPIC], maxBatchMessages: batch },
    {
      signer: createLocalSigner(generateSeed()),
      nodeKey: await generateNodeKey(),
      store,
      registry: createOpenRegistry(),
    },
  )
  await node.start()
  return {
    address: () => node.addresses()[0] ?? '',
    async connect(address) {
      await node.connect(address)
      await waitUntil(() => node.topicPeers(TOPIC).length > 0, { what: 'the receiver to subscribe' })
    },
    async publish(bodies) {
      await node.publishMany(
        TOPIC,
        bodies.map((bytes) => ({ bytes })),
      )
    },
    received(count) {
      return new Promise((resolve) => {
        const check = () => {
          if (store.end >= count) resolve()
        }
        store.onAppended(check)
        check()
      })
    },
    async stop() {
      await node.stop()
      await store.stop()
    },
  }
}
