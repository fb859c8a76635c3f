import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { createNode, createOpenRegistry, generateNodeKey } from '@pastel-mesh/sdk-node'
import { createStore } from '@pastel-mesh/storage'
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
      await node.waitForPeers(TOPIC, { signal: AbortSignal.timeout(10_000) })
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
