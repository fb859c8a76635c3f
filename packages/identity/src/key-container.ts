import { createHash } from 'node:crypto'
import { encode } from '@msgpack/msgpack'
import { decodeBoundedMsgpack, type MsgpackLimits } from './bounded-msgpack.ts'
import { damaged, foreign, legacy } from './key-file-errors.ts'

/** What every container of the Pastel core begins with. */
const MAGIC = Buffer.from('PastelSecureContainer', 'latin1')
const SIZE_BYTES = 8
const HASH_BYTES = 32
const HEADER_BYTES = MAGIC.length + SIZE_BYTES + HASH_BYTES
const LEGACY_START = '-----BEGIN ENCRYPTED PRIVATE KEY-----'

const VERSION = 1
const CIPHER = 'xchacha20-poly1305'

/** The 16 bytes of salt of the key derivation, and 8 more. */
const NONCE_BYTES = 24
/** The bytes of the authentication tag behind each encrypted secret. */
const TAG_BYTES = 16

/** The core's own have about 6 KiB, almost all of it the public LegRoast key. Longer files are not read. */
export const KEY_FILE_MAX_BYTES = 32 * 1024

/** What the core writes is three deep, has four entries in a map and two in an array. */
const LIMITS: MsgpackLimits = {
  maxBytes: KEY_FILE_MAX_BYTES,
  maxDepth: 6,
  maxEntries: 16,
  maxTextBytes: 64,
}

/** The kinds of secrets in a key file and the bytes that each has. */
export const SECRET_BYTES = { pkey_ed448: 57, pkey_legroast: 16 } as const
export type SecretType = keyof typeof SECRET_BYTES

export interface PublicItem {
  readonly type: 'pubkey_legroast'
  /** As the core wrote it: the key's Base58Check text in ASCII. */
  readonly data: Uint8Array
}

export interface SecureItem {
  readonly type: SecretType
  /** 24 bytes, of which the first 16 are also the salt of the key derivation */
  readonly nonce: Uint8Array
  /** The encrypted secret and its 16-byte tag */
  readonly data: Uint8Array
}

/** All that a key file of the Pastel core (its "secure container") holds, the secrets encrypted. */
export interface KeyContainer {
  readonly publicItems: readonly PublicItem[]
  /** When it was written, in seconds since 1970. Nothing protects it. */
  readonly timestampSeconds: number
  /** One of type `pkey_ed448`, and no type twice. */
  readonly secureItems: readonly SecureItem[]
}

/**
 * The bytes of a key file, as the core writes them:
 *
 * ```
 * "PastelSecureContainer" ‖ u64 size of public ‖ SHA-256(SHA-256(public)) ‖ public ‖ secure
 * public: {version: 1, public_items: [{type, data}]}
 * secure: {version: 1, timestamp, encryption: "xchacha20-poly1305", secure_items: [{type, nonce, data}]}
 * ```
 *
 * Both maps in msgpack, with the smallest encodings and the keys in this order.
 */
export function encodeKeyContainer(container: KeyContainer): Uint8Array {
  const publicPart = encode({
    version: VERSION,
    public_items: container.publicItems.map(({ type, data }) => ({ type, data })),
  })
  const securePart = encode({
    version: VERSION,
    timestamp: container.timestampSeconds,
    encryption: CIPHER,
    secure_items: container.secureItems.map(({ type, nonce, data }) => ({ type, nonce, data })),
  })
  const size = Buffer.alloc(SIZE_BYTES)
  size.writeBigUInt64BE(BigInt(publicPart.length))
  return new Uint8Array(Buffer.concat([MAGIC, size, doubleHash(publicPart), publicPart, securePart]))
}

/**
 * Takes a key file apart, everything in it within bounds. Unknown keys of maps are passed over, as the core does;
 * unknown kinds of items are not, as in the core.
 *
 * @param path for messages
 * @throws MeshError ERR_KEY_FILE_FOREIGN, ERR_KEY_FILE_LEGACY, ERR_KEY_FILE_DAMAGED
 */
export function decodeKeyContainer(bytes: Uint8Array, path: string): KeyContainer {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const start = buffer.subarray(0, MAGIC.length)
  if (!start.equals(MAGIC.subarray(0, start.length))) {
    if (buffer.toString('latin1', 0, 64).trimStart().startsWith(LEGACY_START)) throw legacy(path)
    throw foreign(path, `it does not begin with ${MAGIC.toString('latin1')}`)
  }
  if (buffer.length <= HEADER_BYTES) throw damaged(path, `it ends after ${buffer.length} bytes`)
  const size = buffer.readBigUInt64BE(MAGIC.length)
  if (size > BigInt(buffer.length - HEADER_BYTES)) throw damaged(path, 'its public part is not whole')
  const secureAt = HEADER_BYTES + Number(size)
  const publicPart = buffer.subarray(HEADER_BYTES, secureAt)
  if (!doubleHash(publicPart).equals(buffer.subarray(MAGIC.length + SIZE_BYTES, HEADER_BYTES))) {
    throw damaged(path, 'the checksum of its public part does not match')
  }
  return {
    ...readPart('public', publicPart, path, (map) => ({ publicItems: readPublic(map) })),
    ...readPart('secure', buffer.subarray(secureAt), path, readSecure),
  }
}

type Map = Readonly<Record<string, unknown>>

function readPart<T>(name: string, bytes: Uint8Array, path: string, read: (map: Map) => T): T {
  try {
    const map = asMap(decodeBoundedMsgpack(bytes, LIMITS))
    if (map.version !== VERSION) throw new Error(`its version is not ${VERSION}`)
    return read(map)
  } catch (cause) {
    throw damaged(path, `its ${name} part cannot be read: ${(cause as Error).message}`, cause)
  }
}

function readPublic(map: Map): PublicItem[] {
  return readItems(map.public_items, ['pubkey_legroast']).map(({ type, item }) => ({
    type,
    data: asBytes(item.data, 'data'),
  }))
}

function readSecure(map: Map): Omit<KeyContainer, 'publicItems'> {
  const { timestamp, encryption } = map
  if (!Number.isSafeInteger(timestamp)) throw new Error('it has no timestamp')
  if (encryption !== CIPHER) throw new Error(`its encryption is not ${CIPHER}`)
  const secureItems = readItems(map.secure_items, Object.keys(SECRET_BYTES) as SecretType[]).map(
    ({ type, item }) => ({
      type,
      nonce: asBytes(item.nonce, 'nonce', NONCE_BYTES),
      data: asBytes(item.data, 'data', SECRET_BYTES[type] + TAG_BYTES),
    }),
  )
  if (!secureItems.some(({ type }) => type === 'pkey_ed448')) throw new Error('it has no key of a PastelID')
  return { timestampSeconds: timestamp as number, secureItems }
}

/** The core writes nil instead of no items. */
function readItems<T extends string>(value: unknown, types: readonly T[]): { type: T; item: Map }[] {
  if (value === null) return []
  if (!Array.isArray(value)) throw new Error('it has no list of items')
  const seen = new Set<T>()
  return value.map((entry: unknown) => {
    const item = asMap(entry)
    const type = types.find((known) => known === item.type)
    if (type === undefined) throw new Error('it has an item of an unknown kind')
    if (seen.has(type)) throw new Error(`it has two items of the kind ${type}`)
    seen.add(type)
    return { type, item }
  })
}

function asMap(value: unknown): Map {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)) {
    return value as Map
  }
  throw new Error('there is something else where a map belongs')
}

function asBytes(value: unknown, name: string, sizeBytes?: number): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Error(`the ${name} of an item is not binary`)
  if (sizeBytes !== undefined && value.length !== sizeBytes) {
    throw new Error(`the ${name} of an item has ${value.length} bytes, not ${sizeBytes}`)
  }
  return value.slice()
}

function doubleHash(bytes: Uint8Array): Buffer {
  const once = createHash('sha256').update(bytes).digest()
  return createHash('sha256').update(once).digest()
}
