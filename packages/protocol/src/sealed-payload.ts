import { SealedPayload } from '../generated/seal.js'
import { asBuffer } from './bytes.ts'
import { decodeCanonical } from './canonical.ts'
import { ProtocolError } from './errors.ts'
import { HASH_BYTES } from './hash.ts'
import { KEY_ID_BYTES, SEALING_KEY_BYTES } from './sealing-key.ts'

/** Bytes of the tag of AES-256-GCM. */
export const TAG_BYTES = 16

/** Bytes of a batch's secret: the content key, 32, and the salt of the commitment, 32. */
export const SECRET_BYTES = 64

const WRAPPED_BYTES = SECRET_BYTES + TAG_BYTES

/** The fields of fixed length, each with a tag and a length of one byte. */
const FIXED_BYTES = 2 + HASH_BYTES + (2 + KEY_ID_BYTES) + (2 + SEALING_KEY_BYTES) + (2 + WRAPPED_BYTES)

/** Bytes that a payload takes when it is sealed: exactly. */
export function sealedPayloadBytes(payloadBytes: number): number {
  const contentBytes = payloadBytes + TAG_BYTES
  let lengthBytes = 1
  while (contentBytes >= 2 ** (7 * lengthBytes)) lengthBytes += 1
  return FIXED_BYTES + 1 + lengthBytes + contentBytes
}

export function encodeSealedPayload(sealed: SealedPayload): Uint8Array<ArrayBuffer> {
  return SealedPayload.encode(sealed)
}

/**
 * The parts of a sealed payload. Whether any of them is what it should be only its recipient can tell.
 * @throws ProtocolError ERR_MALFORMED, ERR_NOT_CANONICAL, ERR_SEAL
 */
export function parseSealedPayload(payload: Uint8Array): SealedPayload {
  const sealed = decodeCanonical(SealedPayload, payload, 'sealed payload', undefined)
  const problem = findProblem(sealed)
  if (problem !== undefined)
    throw new ProtocolError('ERR_SEAL', `the sealed payload is malformed: ${problem}`)
  return sealed
}

/**
 * The id of the key that a sealed batch is sealed to, as `sealingKeyId` gives it.
 * @throws ProtocolError ERR_MALFORMED, ERR_NOT_CANONICAL, ERR_SEAL
 */
export function sealedKeyId({ payload }: { readonly payload: Uint8Array }): string {
  return asBuffer(parseSealedPayload(payload).keyId).toString('hex')
}

function findProblem({ commitment, keyId, encapsulated, wrapped, content }: SealedPayload) {
  if (commitment.length !== HASH_BYTES) return `its commitment has ${commitment.length} bytes, not 32`
  if (keyId.length !== KEY_ID_BYTES) return `its key id has ${keyId.length} bytes, not 8`
  if (encapsulated.length !== SEALING_KEY_BYTES) {
    return `its encapsulated key has ${encapsulated.length} bytes, not 32`
  }
  if (wrapped.length !== WRAPPED_BYTES) return `its wrapped secret has ${wrapped.length} bytes, not 80`
  if (content.length <= TAG_BYTES) return `its content of ${content.length} bytes holds nothing`
  return undefined
}
