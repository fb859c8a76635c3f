import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  createLocalSigner,
  generateSeed,
  MeshError,
  readKeyFile,
  type Signer,
  writeKeyFile,
} from '@pastel-mesh/identity'
import { generateNodeKey, nodeKeyFromBytes, nodeKeyToBytes } from '@pastel-mesh/sdk-node'

/** The key of a node, as the node keeps it. */
export type NodeKey = Awaited<ReturnType<typeof generateNodeKey>>

/** What lies where in a data folder. */
export interface DataFolder {
  readonly database: string
  readonly members: string
  readonly socket: string
}

export function dataFolder(directory: string): DataFolder {
  return {
    database: join(directory, 'db'),
    members: join(directory, 'members'),
    socket: join(directory, 'node.sock'),
  }
}

/**
 * The PastelID of a data folder; made, with a random passphrase beside it, if there is none.
 *
 * The passphrase comes from `PMESH_PASSPHRASE`, or from the file `passphrase` in the folder. The file protects
 * copies of the key file alone, not of the whole folder.
 *
 * @throws MeshError ERR_KEY_FILE_PASSPHRASE and the other errors of `readKeyFile`; ERR_PASSPHRASE_MISSING
 */
export async function openIdentity(directory: string): Promise<{ signer: Signer; created: boolean }> {
  const keyFile = join(directory, 'identity.key')
  const passphraseFile = join(directory, 'passphrase')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const exists = await readFile(keyFile).then(
    () => true,
    () => false,
  )
  if (exists) {
    const passphrase = process.env.PMESH_PASSPHRASE ?? (await readPassphrase(passphraseFile, keyFile))
    return { signer: createLocalSigner(await readKeyFile(keyFile, passphrase)), created: false }
  }
  let passphrase = process.env.PMESH_PASSPHRASE
  if (passphrase === undefined) {
    passphrase = randomBytes(24).toString('base64url')
    await writeFile(passphraseFile, `${passphrase}\n`, { mode: 0o600, flag: 'wx' })
  }
  const seed = generateSeed()
  await writeKeyFile(keyFile, seed, passphrase)
  return { signer: createLocalSigner(seed), created: true }
}

/** The node key of a data folder; made if there is none. @throws MeshError ERR_NODE_KEY */
export async function openNodeKey(directory: string): Promise<NodeKey> {
  const path = join(directory, 'node.key')
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (cause) {
    if ((cause as { code?: string }).code !== 'ENOENT') {
      throw new MeshError(
        'ERR_NODE_KEY',
        `the node key ${path} cannot be read: ${(cause as Error).message}`,
        { cause },
      )
    }
    const key = await generateNodeKey()
    await writeFile(path, nodeKeyToBytes(key), { mode: 0o600, flag: 'wx' })
    return key
  }
  try {
    return nodeKeyFromBytes(bytes)
  } catch (cause) {
    throw new MeshError(
      'ERR_NODE_KEY',
      `${path} is not a node key: delete it, and the node makes a new one`,
      { cause },
    )
  }
}

async function readPassphrase(path: string, keyFile: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (cause) {
    throw new MeshError(
      'ERR_PASSPHRASE_MISSING',
      `the passphrase of ${keyFile} is neither in PMESH_PASSPHRASE nor in ${path}`,
      { cause },
    )
  }
}
