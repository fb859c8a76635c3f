import { readFile } from 'node:fs/promises'
import { explainFileError, MeshError, writeDurableFile } from '@pastel-mesh/identity'
import { generateNodeKey, nodeKeyFromBytes, nodeKeyToBytes } from '@pastel-mesh/sdk-node'

/** The key of a node, as the node keeps it. */
export type NodeKey = Awaited<ReturnType<typeof generateNodeKey>>

/** The node key in a file; made if there is none. @throws MeshError ERR_NODE_KEY */
export async function openNodeKey(path: string): Promise<NodeKey> {
  const bytes = (await readBytes(path)) ?? (await makeNodeKey(path))
  let key: NodeKey | undefined
  let cause: unknown
  try {
    key = nodeKeyFromBytes(bytes)
  } catch (error) {
    cause = error
  }
  if (key?.type === 'Ed25519') return key
  throw new MeshError('ERR_NODE_KEY', `${path} is not a node key: delete it, and the node makes a new one`, {
    cause,
  })
}

async function makeNodeKey(path: string): Promise<Uint8Array> {
  const bytes = nodeKeyToBytes(await generateNodeKey())
  try {
    await writeDurableFile(path, bytes, { mode: 0o600, overwrite: false })
    return bytes
  } catch (cause) {
    // Another process started at the same moment, and was faster.
    const found = await readBytes(path)
    if (found !== undefined) return found
    throw unusable(path, 'written', cause)
  }
}

async function readBytes(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw unusable(path, 'read', cause)
  }
}

function unusable(path: string, done: string, cause: unknown): MeshError {
  const message = `the node key ${path} cannot be ${done}: ${explainFileError(cause)}`
  return new MeshError('ERR_NODE_KEY', message, { cause })
}
