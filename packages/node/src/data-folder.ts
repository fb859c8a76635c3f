import { access, constants, lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { explainFileError, MeshError, makeFolder } from '@pastel-mesh/identity'

/** Where a node keeps its things unless told otherwise. */
export const DEFAULT_DATA_DIR = './.pmesh'

/** What lies where in a data folder. */
export interface DataFolder {
  readonly database: string
  readonly members: string
  readonly socket: string
  /** Folder of the key files, each named by its PastelID, as the Pastel core keeps them. */
  readonly keys: string
  /** Of the identity's key, unless it comes from elsewhere. */
  readonly passphrase: string
  readonly nodeKey: string
  /** Settings of the node, if the operator wrote any. */
  readonly config: string
}

export function dataFolder(directory: string): DataFolder {
  return {
    database: join(directory, 'db'),
    members: join(directory, 'members'),
    socket: join(directory, 'node.sock'),
    keys: join(directory, 'pastelkeys'),
    passphrase: join(directory, 'passphrase'),
    nodeKey: join(directory, 'node.key'),
    config: join(directory, 'pmesh.yaml'),
  }
}

/**
 * Makes the folder, for its owner only, if it is not there, and finds out whether the node can use it.
 * @throws MeshError ERR_DATA_FOLDER
 */
export async function openDataFolder(directory: string): Promise<void> {
  try {
    await makeFolder(directory)
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw new MeshError(
      'ERR_DATA_FOLDER',
      `the data folder ${directory} cannot be used: ${explainFileError(cause)}`,
      { cause },
    )
  }
}

/** Whether there is something at a path. What cannot be looked at may well be there. */
export async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    ({ code }: NodeJS.ErrnoException) => code !== 'ENOENT' && code !== 'ENOTDIR',
  )
}
