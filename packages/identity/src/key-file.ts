import { randomBytes } from 'node:crypto'
import { lstat, readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { writeDurableFile } from './durable-file.ts'
import { publicKeyFromSeed } from './ed448.ts'
import { explainFileError } from './explain-file-error.ts'
import {
  decodeKeyContainer,
  encodeKeyContainer,
  KEY_FILE_MAX_BYTES,
  type KeyContainer,
  type PublicItem,
  type SecretType,
} from './key-container.ts'
import {
  type DeriveKey,
  deriveKey,
  nonceWithCheck,
  openItems,
  SALT_BYTES,
  type Secrets,
  sealItem,
} from './key-container-cipher.ts'
import { alreadyThere, damaged, foreign, misnamed, wrongPassphrase } from './key-file-errors.ts'
import { MeshError } from './mesh-error.ts'
import { encodePastelId, isPastelId, type PastelId } from './pastel-id.ts'

/** How a key file is written. */
export interface WriteKeyFileOptions {
  /**
   * Replace the file if there is one. The identity in it is gone then, unless there is a copy.
   * @default false
   */
  readonly overwrite?: boolean
}

/** How a key file is saved at another place. */
export interface SaveKeyFileOptions {
  /** Encrypts all its secrets anew. @default as it was, byte for byte */
  readonly newPassphrase?: string
}

/** A key file that its passphrase opened. */
export interface OpenKeyFile {
  readonly pastelId: PastelId
  /** 57 bytes */
  readonly seed: Uint8Array
  /**
   * Writes it to a new file, with all that is in it, a LegRoast key included.
   * @throws MeshError ERR_KEY_FILE_PASSPHRASE (the new one is empty), ERR_KEY_FILE_EXISTS, ERR_KEY_FILE_NAME,
   * ERR_KEY_FILE_IO, ERR_KEY_FILE_KDF
   */
  save(path: string, options?: SaveKeyFileOptions): Promise<void>
}

/**
 * Writes a seed to a new file (mode 0600), encrypted under a passphrase, as the Pastel core does ("secure
 * container"): the core can use the file. It says of its owner nothing but its name, which should be the PastelID.
 * When this returns, the file is on disk; a crash leaves all of it or nothing.
 *
 * @param seed 57 bytes
 * @param passphrase not empty; its UTF-8 bytes count, in whatever Unicode form they are
 * @throws {@link MeshError} `ERR_SEED_LENGTH`, `ERR_KEY_FILE_PASSPHRASE` (empty), `ERR_KEY_FILE_NAME` (the file name
 * is another PastelID), `ERR_KEY_FILE_EXISTS`, `ERR_KEY_FILE_IO`, `ERR_KEY_FILE_KDF` (out of memory)
 * @example
 * import { mkdtemp } from 'node:fs/promises'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { createLocalSigner, generateSeed, readKeyFile, writeKeyFile } from '@pastel-mesh/identity'
 *
 * const seed = generateSeed()
 * const { pastelId } = createLocalSigner(seed)
 * const path = join(await mkdtemp(join(tmpdir(), 'keys-')), pastelId)
 * await writeKeyFile(path, seed, 'correct horse battery staple')
 * const same = await readKeyFile(path, 'correct horse battery staple')
 */
export async function writeKeyFile(
  path: string,
  seed: Uint8Array,
  passphrase: string,
  options: WriteKeyFileOptions = {},
): Promise<void> {
  const overwrite = options.overwrite ?? false
  checkName(path, encodePastelId(publicKeyFromSeed(seed)))
  checkNewPassphrase(passphrase)
  // Only to answer before the slow part; the write itself checks again, atomically.
  if (!overwrite && (await exists(path))) throw alreadyThere(path)
  const bytes = encodeKeyContainer(await sealContainer({ pkey_ed448: seed }, passphrase))
  await writeBytes(path, bytes, overwrite)
}

/**
 * The seed, 57 bytes, in a key file of the Pastel core's format. If the file's name is a PastelID, the seed is that
 * PastelID's. Takes at most about half a second and 64 MiB, whatever the file says.
 *
 * @throws {@link MeshError} `ERR_KEY_FILE_MISSING`, `ERR_KEY_FILE_FOREIGN` (something else), `ERR_KEY_FILE_LEGACY` (of
 * an old core), `ERR_KEY_FILE_DAMAGED`, `ERR_KEY_FILE_NAME` (its name is another PastelID),
 * `ERR_KEY_FILE_PASSPHRASE`, `ERR_KEY_FILE_IO`, `ERR_KEY_FILE_KDF` (out of memory). Of a file that this program wrote, `ERR_KEY_FILE_PASSPHRASE` means that the passphrase is wrong, or the
 * salt damaged; of one that the core wrote, either that or damage in its encrypted part.
 * @example
 * import { MeshError, readKeyFile } from '@pastel-mesh/identity'
 *
 * try {
 *   await readKeyFile('/nowhere/pastelkeys/jX', 'correct horse battery staple')
 * } catch (error) {
 *   if (error instanceof MeshError) console.log(error.code) // ERR_KEY_FILE_MISSING
 * }
 */
export async function readKeyFile(path: string, passphrase: string): Promise<Uint8Array> {
  const container = decodeKeyContainer(await readBounded(path), path)
  const { pkey_ed448: seed } = await openContainer(container, passphrase, path)
  return seed
}

/**
 * Opens a key file to write it elsewhere. Unlike {@link readKeyFile} it opens every secret in it.
 *
 * @throws {@link MeshError} as {@link readKeyFile}
 * @example
 * import { openKeyFile } from '@pastel-mesh/identity'
 *
 * async function moveOut(path: string, target: string) {
 *   const file = await openKeyFile(path, 'correct horse')
 *   await file.save(target, { newPassphrase: 'battery staple' })
 *   return file.pastelId
 * }
 */
export async function openKeyFile(path: string, passphrase: string): Promise<OpenKeyFile> {
  const bytes = await readBounded(path)
  const container = decodeKeyContainer(bytes, path)
  const secrets = await openContainer(container, passphrase, path, { all: true })
  const seed = secrets.pkey_ed448
  const pastelId = encodePastelId(publicKeyFromSeed(seed))
  return {
    pastelId,
    seed,
    async save(target, { newPassphrase } = {}) {
      checkName(target, pastelId)
      if (newPassphrase === undefined) return await writeBytes(target, bytes, false)
      checkNewPassphrase(newPassphrase)
      if (await exists(target)) throw alreadyThere(target)
      const { publicItems } = container
      const renewed = await sealContainer(secrets, newPassphrase, { publicItems })
      await writeBytes(target, encodeKeyContainer(renewed), false)
    },
  }
}

/** What a container is made with besides secrets and passphrase. */
interface SealOptions {
  /** @default none */
  readonly publicItems?: readonly PublicItem[]
  /** @default now */
  readonly timestampSeconds?: number
  /** The nonce of an item; for tests, which compare with what another program writes. @default random, with a check */
  readonly nonceOf?: (type: SecretType) => Uint8Array
  readonly derive?: DeriveKey
}

/** Encrypts each secret under a key of its own. */
export async function sealContainer(
  secrets: Secrets,
  passphrase: string,
  options: SealOptions = {},
): Promise<KeyContainer> {
  const { publicItems = [], derive = deriveKey, nonceOf } = options
  const secureItems = []
  // In the core's order.
  for (const type of ['pkey_ed448', 'pkey_legroast'] as const) {
    const secret = secrets[type]
    if (secret === undefined) continue
    const given = nonceOf?.(type)
    const salt = given?.subarray(0, SALT_BYTES) ?? randomBytes(SALT_BYTES)
    const key = await derive(passphrase, salt)
    secureItems.push(sealItem(type, secret, key, given ?? nonceWithCheck(salt, key)))
    key.fill(0)
  }
  const timestampSeconds = options.timestampSeconds ?? Math.floor(Date.now() / 1000)
  return { publicItems, timestampSeconds, secureItems }
}

/** @throws MeshError ERR_KEY_FILE_PASSPHRASE, ERR_KEY_FILE_DAMAGED, ERR_KEY_FILE_NAME */
export async function openContainer(
  container: KeyContainer,
  passphrase: string,
  path: string,
  options: { derive?: DeriveKey; all?: boolean } = {},
): Promise<Secrets> {
  const opened = await openItems(container, passphrase, options)
  if (opened.kind === 'wrong-passphrase') throw wrongPassphrase(path)
  if (opened.kind === 'damaged') throw damaged(path, opened.reason)
  const { secrets } = opened
  const name = basename(path)
  const pastelId = encodePastelId(publicKeyFromSeed(secrets.pkey_ed448))
  if (isPastelId(name) && name !== pastelId) {
    throw misnamed(path, pastelId)
  }
  return secrets
}

function checkNewPassphrase(passphrase: string): void {
  if (passphrase !== '') return
  throw new MeshError('ERR_KEY_FILE_PASSPHRASE', 'the new passphrase is empty: it would protect nothing')
}

/** A file under the name of another PastelID would be taken for damaged. */
function checkName(path: string, pastelId: PastelId): void {
  const name = basename(path)
  if (!isPastelId(name) || name === pastelId) return
  throw new MeshError(
    'ERR_KEY_FILE_NAME',
    `the key file of ${pastelId} cannot be called ${name}, which is another PastelID: choose another name`,
  )
}

async function writeBytes(path: string, bytes: Uint8Array, overwrite: boolean): Promise<void> {
  try {
    await writeDurableFile(path, bytes, { mode: 0o600, overwrite })
  } catch (cause) {
    if (errorCode(cause) === 'EEXIST') throw alreadyThere(path, cause)
    throw ioError(path, 'written', cause)
  }
}

async function readBounded(path: string): Promise<Uint8Array> {
  try {
    const found = await stat(path)
    // A device or a pipe has no size to go by, and may never end.
    if (found.isFile() && found.size <= KEY_FILE_MAX_BYTES) {
      if (found.size === 0) throw damaged(path, 'it is empty')
      return await readFile(path)
    }
  } catch (cause) {
    if (cause instanceof MeshError) throw cause
    if (errorCode(cause) === 'ENOENT') {
      throw new MeshError('ERR_KEY_FILE_MISSING', `there is no key file at ${path}`, { cause })
    }
    throw ioError(path, 'read', cause)
  }
  throw foreign(path, `it is not a regular file of at most ${KEY_FILE_MAX_BYTES} bytes`)
}

function ioError(path: string, done: string, cause: unknown): MeshError {
  const message = `the key file ${path} cannot be ${done}: ${explainFileError(cause)}`
  return new MeshError('ERR_KEY_FILE_IO', message, { cause })
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch {
    // Missing, or cannot be known: then the write finds out, and says why.
    return false
  }
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
