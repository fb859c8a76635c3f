import { createHash } from 'node:crypto'
import { base58 } from '@scure/base'
import { ED448_PUBLIC_KEY_BYTES } from './ed448.ts'
import { MeshError } from './mesh-error.ts'

/**
 * A PastelID that was checked: `Base58Check(A1 DE ‖ 57-byte Ed448 public key)`, always 86 characters that
 * begin with `jX`. Made by {@link parsePastelId} and {@link encodePastelId} only. Equal identities are equal
 * strings.
 */
export type PastelId = string & { readonly __brand: 'PastelId' }

/** The length of every PastelID, in characters. */
export const PASTEL_ID_LENGTH = 86

/** The two bytes that the Pastel core puts before an Ed448 public key; they make the text begin with `jX`. */
const PREFIX = Uint8Array.of(0xa1, 0xde)
const CHECKSUM_BYTES = 4
const PAYLOAD_BYTES = PREFIX.length + ED448_PUBLIC_KEY_BYTES
const NOT_BASE58 = /[^1-9A-HJ-NP-Za-km-z]/

function checksum(payload: Uint8Array): Uint8Array {
  const once = createHash('sha256').update(payload).digest()
  return createHash('sha256').update(once).digest().subarray(0, CHECKSUM_BYTES)
}

/**
 * The PastelID of an Ed448 public key. Does not check that the key is a point of the curve: signatures under
 * one that is not never verify.
 *
 * @param publicKey 57 bytes
 * @throws {@link MeshError} `ERR_PUBLIC_KEY_LENGTH`
 * @example
 * import { encodePastelId, generateSeed, publicKeyFromSeed } from '@pastel-mesh/identity'
 *
 * console.log(encodePastelId(publicKeyFromSeed(generateSeed()))) // jX…, 86 characters
 */
export function encodePastelId(publicKey: Uint8Array): PastelId {
  if (publicKey.length !== ED448_PUBLIC_KEY_BYTES) {
    throw new MeshError(
      'ERR_PUBLIC_KEY_LENGTH',
      `an Ed448 public key has ${ED448_PUBLIC_KEY_BYTES} bytes, this one has ${publicKey.length}`,
    )
  }
  const payload = new Uint8Array(PAYLOAD_BYTES)
  payload.set(PREFIX)
  payload.set(publicKey, PREFIX.length)
  const bytes = new Uint8Array(PAYLOAD_BYTES + CHECKSUM_BYTES)
  bytes.set(payload)
  bytes.set(checksum(payload), PAYLOAD_BYTES)
  return base58.encode(bytes) as PastelId
}

/**
 * The 57-byte Ed448 public key inside a PastelID.
 *
 * @throws {@link MeshError} `ERR_PASTELID_LENGTH`, `ERR_PASTELID_CHARACTER` (not base58),
 * `ERR_PASTELID_CHECKSUM` (mistyped), `ERR_PASTELID_PREFIX` (sound, but of another kind)
 * @example
 * import { decodePastelId } from '@pastel-mesh/identity'
 *
 * const publicKey = decodePastelId(
 *   'jXXfLwrL7s7BQpm1uapzhKirt2HaRAse8Wru8pRLcGLonmZ996xNzAPJBjR6wfVXVzVFWn3NwA79gyAB5BptJ7',
 * )
 * console.log(publicKey.length) // 57
 */
export function decodePastelId(text: string): Uint8Array {
  // Before anything else: decoding base58 takes time that is quadratic in the length.
  if (text.length !== PASTEL_ID_LENGTH) {
    throw new MeshError(
      'ERR_PASTELID_LENGTH',
      `a PastelID has ${PASTEL_ID_LENGTH} characters, this text has ${text.length}: ${excerpt(text)}`,
    )
  }
  const wrongAt = text.search(NOT_BASE58)
  if (wrongAt !== -1) {
    throw new MeshError(
      'ERR_PASTELID_CHARACTER',
      `character ${wrongAt + 1} of the PastelID ${excerpt(text)} is not base58 (no 0, O, I, l or punctuation)`,
    )
  }
  const bytes = base58.decode(text)
  // Each leading `1` stands for a whole zero byte, so 86 characters are not always 63 bytes.
  if (bytes.length !== PAYLOAD_BYTES + CHECKSUM_BYTES) {
    throw new MeshError(
      'ERR_PASTELID_LENGTH',
      `a PastelID holds ${PAYLOAD_BYTES + CHECKSUM_BYTES} bytes, ${excerpt(text)} holds ${bytes.length}`,
    )
  }
  const payload = bytes.subarray(0, PAYLOAD_BYTES)
  if (!startsWith(bytes.subarray(PAYLOAD_BYTES), checksum(payload))) {
    throw new MeshError(
      'ERR_PASTELID_CHECKSUM',
      `the checksum of the PastelID ${excerpt(text)} does not match: a character is wrong or out of place`,
    )
  }
  if (!startsWith(payload, PREFIX)) {
    throw new MeshError(
      'ERR_PASTELID_PREFIX',
      `${excerpt(text)} is sound Base58Check but not a PastelID, which begins with the bytes A1 DE (jX)`,
    )
  }
  return payload.slice(PREFIX.length)
}

/**
 * Checks a PastelID that came from outside and gives it its type.
 *
 * @throws {@link MeshError} as {@link decodePastelId}
 * @example
 * import { parsePastelId } from '@pastel-mesh/identity'
 *
 * const id = parsePastelId(
 *   'jXXfLwrL7s7BQpm1uapzhKirt2HaRAse8Wru8pRLcGLonmZ996xNzAPJBjR6wfVXVzVFWn3NwA79gyAB5BptJ7',
 * )
 * console.log(id.length) // 86
 */
export function parsePastelId(text: string): PastelId {
  decodePastelId(text)
  return text as PastelId
}

/**
 * Whether a text is a PastelID, checksum included.
 *
 * @example
 * import { isPastelId } from '@pastel-mesh/identity'
 *
 * console.log(isPastelId('jX')) // false
 */
export function isPastelId(text: string): text is PastelId {
  try {
    decodePastelId(text)
    return true
  } catch (error) {
    if (error instanceof MeshError) return false
    throw error
  }
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return start.every((byte, index) => bytes[index] === byte)
}

/** Enough of a text from outside to recognise it in a message, quoted so that it cannot disturb a log. */
function excerpt(text: string): string {
  return JSON.stringify(text.length > 16 ? `${text.slice(0, 16)}…` : text)
}
