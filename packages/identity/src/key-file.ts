import { randomBytes, timingSafeEqual } from 'node:crypto'
import { lstat, readFile, stat } from 'node:fs/promises'
import { writeDurableFile } from './durable-file.ts'
import { publicKeyFromSeed } from './ed448.ts'
import { explainFileError } from './explain-file-error.ts'
import { derivePassphraseKeys, seal, unseal } from './key-file-cipher.ts'
import {
  damaged,
  formatKeyFile,
  KEY_FILE_MAX_BYTES,
  NONCE_BYTES,
  parseKeyFile,
  SALT_BYTES,
} from './key-file-format.ts'
import { MeshError } from './mesh-error.ts'
import { encodePastelId } from './pastel-id.ts'

/** 128 MiB and about half a second: what OWASP asks of scrypt (N = 2^17, r = 8, p = 1), paid once a start. */
const SCRYPT_COST = { N: 2 ** 17, r: 8, p: 1 }

/** How a key file is written. */
export interface WriteKeyFileOptions {
  /**
   * Replace the file if there is one. The identity in it is gone then, unless there is a copy.
   * @default false
   */
  readonly overwrite?: boolean
}

/**
 * Writes a seed to a new file (mode 0600), encrypted under a passphrase. When it returns, the file is on disk;
 * a crash leaves all of it or nothing. This is Pastel Mesh's own format, not the Pastel core's container.
 *
 * @param seed 57 bytes
 * @param passphrase not empty
 * @throws {@link MeshError} `ERR_SEED_LENGTH`, `ERR_KEY_FILE_PASSPHRASE` (empty), `ERR_KEY_FILE_EXISTS`,
 * `ERR_KEY_FILE_IO`, `ERR_KEY_FILE_KDF` (out of memory)
 * @example
 * import { mkdtemp } from 'node:fs/promises'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { generateSeed, readKeyFile, writeKeyFile } from '@pastel-mesh/identity'
 *
 * const path = join(await mkdtemp(join(tmpdir(), 'keys-')), 'node.key.json')
 * await writeKeyFile(path, generateSeed(), 'correct horse battery staple')
 * const seed = await readKeyFile(path, 'correct horse battery staple')
 */
export async function writeKeyFile(
  path: string,
  seed: Uint8Array,
  passphrase: string,
  options: WriteKeyFileOptions = {},
): Promise<void> {
  const overwrite = options.overwrite ?? false
  const pastelId = encodePastelId(publicKeyFromSeed(seed))
  if (passphrase === '') {
    throw new MeshError('ERR_KEY_FILE_PASSPHRASE', 'the passphrase is empty: it would protect nothing')
  }
  // Only to answer before the slow part; the write itself checks again, atomically.
  if (!overwrite && (await exists(path))) throw alreadyThere(path)

  const kdf = { ...SCRYPT_COST, salt: randomBytes(SALT_BYTES) }
  const nonce = randomBytes(NONCE_BYTES)
  const { encryptionKey, keyCheck } = await derivePassphraseKeys(passphrase, kdf)
  const data = seal(encryptionKey, nonce, pastelId, seed)
  encryptionKey.fill(0)
  try {
    const text = formatKeyFile({ pastelId, kdf, keyCheck, nonce, data })
    await writeDurableFile(path, text, { mode: 0o600, overwrite })
  } catch (cause) {
    if (errorCode(cause) === 'EEXIST') throw alreadyThere(path, cause)
    throw new MeshError(
      'ERR_KEY_FILE_IO',
      `the key file ${path} cannot be written: ${explainFileError(cause)}`,
      { cause },
    )
  }
}

/**
 * The seed, 57 bytes, in a key file. Its public key is the file's PastelID. Takes at most about four seconds
 * and 256 MiB, whatever the file says.
 *
 * @throws {@link MeshError} `ERR_KEY_FILE_MISSING`, `ERR_KEY_FILE_FOREIGN` (another format, or newer),
 * `ERR_KEY_FILE_DAMAGED`, `ERR_KEY_FILE_PASSPHRASE`, `ERR_KEY_FILE_IO`, `ERR_KEY_FILE_KDF` (out of memory)
 * @example
 * import { MeshError, readKeyFile } from '@pastel-mesh/identity'
 *
 * try {
 *   await readKeyFile('/nowhere/node.key.json', 'correct horse battery staple')
 * } catch (error) {
 *   if (error instanceof MeshError) console.log(error.code) // ERR_KEY_FILE_MISSING
 * }
 */
export async function readKeyFile(path: string, passphrase: string): Promise<Uint8Array> {
  const { pastelId, kdf, keyCheck, nonce, data } = parseKeyFile(await readBounded(path), path)
  const keys = await derivePassphraseKeys(passphrase, kdf)
  try {
    if (!timingSafeEqual(keys.keyCheck, keyCheck)) {
      throw new MeshError('ERR_KEY_FILE_PASSPHRASE', `the passphrase does not open the key file ${path}`)
    }
    const seed = unseal(keys.encryptionKey, nonce, pastelId, data)
    if (seed === undefined) throw damaged(path, 'the passphrase is right, but the key was altered')
    if (encodePastelId(publicKeyFromSeed(seed)) !== pastelId) {
      throw damaged(path, 'the key in it belongs to another PastelID than it says')
    }
    return seed
  } finally {
    keys.encryptionKey.fill(0)
  }
}

async function readBounded(path: string): Promise<string> {
  try {
    const found = await stat(path)
    // A device or a pipe has no size to go by, and may never end.
    if (found.isFile() && found.size <= KEY_FILE_MAX_BYTES) return await readFile(path, 'utf8')
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') {
      throw new MeshError('ERR_KEY_FILE_MISSING', `there is no key file at ${path}`, { cause })
    }
    throw new MeshError(
      'ERR_KEY_FILE_IO',
      `the key file ${path} cannot be read: ${explainFileError(cause)}`,
      { cause },
    )
  }
  throw new MeshError(
    'ERR_KEY_FILE_FOREIGN',
    `${path} is not a key file of Pastel Mesh: it is not a regular file of at most ${KEY_FILE_MAX_BYTES} bytes`,
  )
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

function alreadyThere(path: string, cause?: unknown): MeshError {
  return new MeshError(
    'ERR_KEY_FILE_EXISTS',
    `there is a file at ${path}, and replacing it could destroy an identity: choose another path, or ask for overwrite`,
    { cause },
  )
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
