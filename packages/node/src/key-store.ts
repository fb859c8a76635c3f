import { randomBytes } from 'node:crypto'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  createLocalSigner,
  explainFileError,
  generateSeed,
  isPastelId,
  MeshError,
  makeFolder,
  openKeyFile,
  type PastelId,
  readKeyFile,
  type Signer,
  syncFolder,
  writeKeyFile,
} from '@pastel-mesh/identity'
import type { DataFolder } from './data-folder.ts'

export interface ImportOptions {
  /** Encrypts the key anew. @default the file stays as it is, byte for byte */
  readonly newPassphrase?: string | undefined
}

/**
 * The key files of a data folder, in `pastelkeys`, each named by its PastelID: the layout and the format of the
 * Pastel core. Nothing here ever writes over a file.
 */
export interface KeyStore {
  /** The PastelIDs whose key files are there, sorted; by the names alone. @throws MeshError ERR_KEY_FOLDER */
  list(): Promise<PastelId[]>
  /** Where the key file of a PastelID is, or would be. */
  pathOf(pastelId: PastelId): string
  /** Makes a new PastelID. @throws MeshError ERR_KEY_FOLDER, and the errors of `writeKeyFile` */
  create(passphrase: string): Promise<Signer>
  /**
   * Makes the first PastelID. Of several processes that do so at once one succeeds.
   * @returns undefined if there is one
   */
  createFirst(passphrase: string): Promise<Signer | undefined>
  /**
   * Takes in a key file, of whatever name; the key in it says whose it is.
   * @throws MeshError ERR_KEY_FILE_NAME (its name is another PastelID), ERR_KEY_FILE_EXISTS, ERR_KEY_FOLDER, and the errors of `openKeyFile`
   */
  importFile(path: string, passphrase: string, options?: ImportOptions): Promise<PastelId>
  /**
   * Writes a copy of a key file, for its owner only, once the passphrase has opened it.
   * @param target a file, or a folder in which it gets the name of the PastelID
   * @returns the path of the copy
   * @throws MeshError ERR_KEY_FILE_EXISTS, ERR_KEY_FILE_NAME, and the errors of `openKeyFile`
   */
  exportFile(pastelId: PastelId, target: string, passphrase: string, options?: ImportOptions): Promise<string>
  /** @throws MeshError the errors of `readKeyFile` */
  open(pastelId: PastelId, passphrase: string): Promise<Signer>
}

/**
 * @example
 * import { dataFolder, keyStore } from '@pastel-mesh/node'
 *
 * const keys = keyStore(dataFolder('./.pmesh'))
 * for (const pastelId of await keys.list()) console.log(pastelId, keys.pathOf(pastelId))
 */
export function keyStore({ keys }: Pick<DataFolder, 'keys'>): KeyStore {
  const pathOf = (pastelId: PastelId) => join(keys, pastelId)
  const list = async () => {
    try {
      return (await readdir(keys)).filter(isPastelId).sort()
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw folderError(keys, cause)
    }
  }
  const create = async (passphrase: string) => {
    await makeKeyFolder(keys)
    return await writeNewKey(keys, passphrase)
  }
  return {
    list,
    pathOf,
    create,
    async createFirst(passphrase) {
      if ((await list()).length > 0) return undefined
      const made = await makeWithKey(keys, passphrase)
      if (made !== undefined) return made
      // Something is in the way: the key of another process, or files that are none.
      return (await list()).length > 0 ? undefined : await create(passphrase)
    },
    async importFile(path, passphrase, { newPassphrase } = {}) {
      const file = await openKeyFile(path, passphrase)
      try {
        await makeKeyFolder(keys)
        await file.save(pathOf(file.pastelId), saving(newPassphrase))
        return file.pastelId
      } finally {
        file.seed.fill(0)
      }
    },
    async exportFile(pastelId, target, passphrase, { newPassphrase } = {}) {
      const file = await openKeyFile(pathOf(pastelId), passphrase)
      try {
        const path = (await isFolder(target)) ? join(target, pastelId) : target
        await file.save(path, saving(newPassphrase))
        return path
      } finally {
        file.seed.fill(0)
      }
    },
    async open(pastelId, passphrase) {
      const seed = await readKeyFile(pathOf(pastelId), passphrase)
      try {
        return createLocalSigner(seed)
      } finally {
        seed.fill(0)
      }
    },
  }
}

/**
 * Makes the folder with a key in it, at once: a folder takes the place of one that is empty or not there, and of no
 * other. Two files would not do, since each process makes another PastelID, and so another name.
 * @returns undefined if there is something in the folder
 */
async function makeWithKey(keys: string, passphrase: string): Promise<Signer | undefined> {
  const temporary = join(dirname(keys), `.pastelkeys.${randomBytes(8).toString('hex')}.tmp`)
  try {
    await makeKeyFolder(temporary)
    const signer = await writeNewKey(temporary, passphrase)
    try {
      await rename(temporary, keys)
      await syncFolder(dirname(keys))
    } catch (cause) {
      const { code = '' } = cause as NodeJS.ErrnoException
      if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code)) return undefined
      throw folderError(keys, cause)
    }
    return signer
  } finally {
    // A leftover is harmless, and must not hide the error that made it.
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined)
  }
}

async function writeNewKey(folder: string, passphrase: string): Promise<Signer> {
  const seed = generateSeed()
  try {
    const signer = createLocalSigner(seed)
    await writeKeyFile(join(folder, signer.pastelId), seed, passphrase)
    return signer
  } finally {
    seed.fill(0)
  }
}

async function makeKeyFolder(keys: string): Promise<void> {
  try {
    await makeFolder(keys)
  } catch (cause) {
    throw folderError(keys, cause)
  }
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    // Missing, or cannot be known: then the write finds out, and says why.
    () => false,
  )
}

function saving(newPassphrase: string | undefined): { newPassphrase?: string } {
  return newPassphrase === undefined ? {} : { newPassphrase }
}

function folderError(keys: string, cause: unknown): MeshError {
  const message = `the folder of the key files, ${keys}, cannot be used: ${explainFileError(cause)}`
  return new MeshError('ERR_KEY_FOLDER', message, { cause })
}
