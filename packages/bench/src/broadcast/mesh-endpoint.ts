import { createLocalSigner, generateSeed, type Signer } from '@pastel-mesh/identity'
import { createPasteldClient, createPasteldSigner, findPasteldConfig } from '@pastel-mesh/pasteld'
import { createNode, createOpenRegistry, generateNodeKey } from '@pastel-mesh/sdk-node'
import { createStore } from '@pastel-mesh/storage'
import type { Endpoint } from './endpoint.ts'
import type { Job, PasteldPlace } from './variants.ts'

const TOPIC = 'bench'

/** A MeshNode with its defaults. */
export async function meshEndpoint({ directory, batch, pasteld }: Job): Promise<Endpoint> {
  const store = createStore({ directory })
  await store.start()
  const node = await createNode(
    { network: 'bench', topics: [TOPIC], maxBatchMessages: batch },
    {
      signer: pasteld === undefined ? createLocalSigner(generateSeed()) : await signerOf(pasteld),
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

async function signerOf({ confPath, pastelId, passphrase }: PasteldPlace): Promise<Signer> {
  const client = createPasteldClient(await findPasteldConfig({ conf: confPath }))
  return createPasteldSigner({ pastelId, passphrase }, { client })
}
