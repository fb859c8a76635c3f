import { createHash } from 'node:crypto'
import { base64 } from '@scure/base'
import { ED448_SEED_BYTES } from './ed448.ts'
import { MeshError } from './mesh-error.ts'
import { isPastelId, type PastelId } from './pastel-id.ts'

const KEY_FILE_FORMAT = 'pastel-mesh-key'
const KEY_FILE_VERSION = 1
/** A key file has under 800 bytes; whatever is longer than this is not one and is not read. */
export const KEY_FILE_MAX_BYTES = 4096

export const SALT_BYTES = 32
export const NONCE_BYTES = 12
export const TAG_BYTES = 16
export const KEY_CHECK_BYTES = 16
const CHECKSUM_BYTES = 32

/** 16 MiB at r = 8: less never protected a passphrase, so no version of this program wrote it. */
const MIN_SCRYPT_N = 2 ** 14
/** Twice what is written today, and still harmless: a hostile file must not take gigabytes… */
const MAX_SCRYPT_MEMORY_BYTES = 256 * 2 ** 20
/** …nor minutes: every unit of p is the whole work again, about a second at the memory limit. */
const MAX_SCRYPT_P = 4

export interface ScryptParameters {
  readonly N: number
  readonly r: number
  readonly p: number
  /** 32 bytes */
  readonly salt: Uint8Array
}

/** The content of a key file. Everything in it may be seen by anyone. */
export interface KeyFileContent {
  readonly pastelId: PastelId
  readonly kdf: ScryptParameters
  /** 16 bytes derived from the passphrase beside the encryption key: tells a wrong passphrase from damage. */
  readonly keyCheck: Uint8Array
  /** 12 bytes */
  readonly nonce: Uint8Array
  /** The encrypted seed and its tag, 73 bytes */
  readonly data: Uint8Array
}

/**
 * The text of a key file: JSON, bytes in base64. `checksum` is the SHA-256 of the compact JSON of all fields
 * before it, in this order; it finds accidental damage (of the salt, say) that otherwise would look like a
 * wrong passphrase.
 */
export function formatKeyFile(content: KeyFileContent): string {
  const fields = keyFileFields(content)
  return `${JSON.stringify({ ...fields, checksum: base64.encode(checksum(fields)) }, null, 2)}\n`
}

/**
 * Reads the text of a key file, with all sizes and KDF parameters within their limits.
 *
 * @throws {@link MeshError} `ERR_KEY_FILE_FOREIGN`, `ERR_KEY_FILE_DAMAGED`
 */
export function parseKeyFile(text: string, path: string): KeyFileContent {
  const file = parseJsonObject(text, path)
  if (file.format !== KEY_FILE_FORMAT) throw foreign(path, `its format is not "${KEY_FILE_FORMAT}"`)
  if (file.version !== KEY_FILE_VERSION) {
    throw foreign(path, `its version is not ${KEY_FILE_VERSION}; a newer program may have written it`)
  }
  const kdf = isObject(file.kdf) ? file.kdf : {}
  if (kdf.name !== 'scrypt' || file.cipher !== 'chacha20-poly1305') {
    throw damaged(path, 'it names another kdf or cipher than version 1 has')
  }
  if (typeof file.pastelId !== 'string' || !isPastelId(file.pastelId)) {
    throw damaged(path, 'its pastelId is not a PastelID')
  }
  const content: KeyFileContent = {
    pastelId: file.pastelId,
    kdf: { ...parseScryptCost(kdf, path), salt: parseBytes(kdf.salt, SALT_BYTES, 'salt', path) },
    keyCheck: parseBytes(file.keyCheck, KEY_CHECK_BYTES, 'keyCheck', path),
    nonce: parseBytes(file.nonce, NONCE_BYTES, 'nonce', path),
    data: parseBytes(file.data, ED448_SEED_BYTES + TAG_BYTES, 'data', path),
  }
  const stated = parseBytes(file.checksum, CHECKSUM_BYTES, 'checksum', path)
  if (!Buffer.from(stated).equals(checksum(keyFileFields(content)))) {
    throw damaged(path, 'its checksum does not match')
  }
  return content
}

function keyFileFields({ pastelId, kdf, keyCheck, nonce, data }: KeyFileContent) {
  return {
    format: KEY_FILE_FORMAT,
    version: KEY_FILE_VERSION,
    pastelId,
    kdf: { name: 'scrypt', N: kdf.N, r: kdf.r, p: kdf.p, salt: base64.encode(kdf.salt) },
    keyCheck: base64.encode(keyCheck),
    cipher: 'chacha20-poly1305',
    nonce: base64.encode(nonce),
    data: base64.encode(data),
  }
}

function checksum(fields: ReturnType<typeof keyFileFields>): Buffer {
  return createHash('sha256').update(JSON.stringify(fields)).digest()
}

function parseJsonObject(text: string, path: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    // A torn key file still shows what it was.
    if (text.includes(`"${KEY_FILE_FORMAT}"`)) throw damaged(path, 'it is not whole JSON', cause)
    throw foreign(path, 'it is not JSON', cause)
  }
  if (!isObject(value)) throw foreign(path, 'it is not a JSON object')
  return value
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseScryptCost(kdf: Record<string, unknown>, path: string) {
  const { N, r, p } = kdf
  if (!isCount(N) || !isCount(r) || !isCount(p)) throw damaged(path, 'its scrypt parameters are not counts')
  const withinLimits =
    N >= MIN_SCRYPT_N &&
    Number.isInteger(Math.log2(N)) &&
    128 * N * r <= MAX_SCRYPT_MEMORY_BYTES &&
    p <= MAX_SCRYPT_P
  if (!withinLimits) throw damaged(path, `its scrypt parameters (N ${N}, r ${r}, p ${p}) are out of bounds`)
  return { N, r, p }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}

function parseBytes(value: unknown, sizeBytes: number, field: string, path: string): Uint8Array {
  if (typeof value === 'string' && value.length === 4 * Math.ceil(sizeBytes / 3)) {
    const bytes = decodeBase64(value)
    if (bytes?.length === sizeBytes) return bytes
  }
  throw damaged(path, `its ${field} is not ${sizeBytes} bytes in base64`)
}

function decodeBase64(text: string): Uint8Array | undefined {
  try {
    return base64.decode(text)
  } catch {
    return undefined
  }
}

function foreign(path: string, reason: string, cause?: unknown): MeshError {
  return new MeshError('ERR_KEY_FILE_FOREIGN', `${path} is not a key file of Pastel Mesh: ${reason}`, {
    cause,
  })
}

/** The error for a key file that cannot be what was written. */
export function damaged(path: string, reason: string, cause?: unknown): MeshError {
  const message = `the key file ${path} is damaged: ${reason}: restore it from a backup`
  return new MeshError('ERR_KEY_FILE_DAMAGED', message, { cause })
}
