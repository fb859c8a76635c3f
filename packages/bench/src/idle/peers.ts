import { join } from 'node:path'
import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { createNode, createOpenRegistry, generateNodeKey } from '@pastel-mesh/sdk-node'
import { createStore } from '@pastel-mesh/storage'

export interface PeersOptions {
  readonly count: number
  /** Takes the database of each. */
  readonly folder: string
  readonly network: string
  readonly topic: string
}

export interface Peers {
  readonly addresses: readonly string[]
  stop(): Promise<void>
}

/** Nodes in this process, which connect to nobody by themselves. */
export async function startPeers({ count, folder, network, topic }: PeersOptions): Promise<Peers> {
  const addresses: string[] = []
  const stops: (() => Promise<void>)[] = []
  for (let i = 0; i < count; i += 1) {
    const store = createStore({ directory: join(folder, `peer-${i}`) })
    await store.start()
    const node = await createNode(
      { network, topics: [topic], manyPeersPerHost: true, discover: false },
      {
        signer: createLocalSigner(generateSeed()),
        nodeKey: await generateNodeKey(),
        store,
        registry: createOpenRegistry(),
      },
    )
    await node.start()
    addresses.push(node.addresses()[0] ?? '')
    stops.push(async () => {
      await node.stop()
      await store.stop()
    })
  }
  return {
    addresses,
    async stop() {
      for (const stop of stops) await stop()
    },
  }
}
