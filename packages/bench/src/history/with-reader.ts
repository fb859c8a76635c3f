import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { dataFolder } from '@pastel-mesh/node'
import { createNode, createOpenRegistry, generateNodeKey, type MeshNode } from '@pastel-mesh/sdk-node'
import { createStore } from '@pastel-mesh/storage'

/** Uses a node on a data folder that is filled, in this process. It is not started: reading needs no peers. */
export async function withReader<T>(
  { dataDir, network }: { dataDir: string; network: string },
  use: (node: MeshNode) => Promise<T>,
): Promise<T> {
  const store = createStore({ directory: dataFolder(dataDir).database })
  await store.start()
  try {
    const components = {
      signer: createLocalSigner(generateSeed()),
      nodeKey: await generateNodeKey(),
      store,
      registry: createOpenRegistry(),
    }
    return await use(await createNode({ network }, components))
  } finally {
    await store.stop()
  }
}
