import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { MeshError } from '@pastel-mesh/identity'

/** Where a node keeps its things unless told otherwise. */
export const DEFAULT_DATA_DIR = './.pmesh'

/** What lies where in a data folder. */
export interface DataFolder {
  readonly database: string
  readonly members: string
  readonly socket: string
  readonly identityKey: string
  /** Of the identity's key, unless it comes from the environment. */
  readonly passphrase: string
  readonly nodeKey: string
}

export function dataFolder(directory: string): DataFolder {
  return {
    database: join(directory, 'db'),
    members: join(directory, 'members'),
    socket: join(directory, 'node.sock'),
    identityKey: join(directory, 'identity.key'),
    passphrase: join(directory, 'passphrase'),
    nodeKey: join(directory, 'node.key'),
  }
}

/** Makes the folder, for its owner only, if it is not there. @throws MeshError ERR_DATA_FOLDER */
export async function makeDataFolder(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new MeshError(
      'ERR_DATA_FOLDER',
      `the data folder ${directory} cannot be made: ${(cause as Error).message}`,
      { cause },
    )
  }
}
