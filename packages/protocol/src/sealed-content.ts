import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { SealedPayload } from '../generated/seal.js'
import { type Batch, type BatchHeader, encodeBatch } from './batch.ts'
import { ENCODING_SEALED } from './batch-fields.ts'
import { equalBytes, plain } from './bytes.ts'
import { ProtocolError } from './errors.ts'
import { sha256 } from './hash.ts'
import { parseSealedPayload, SECRET_BYTES, TAG_BYTES } from './sealed-payload.ts'

const CIPHER = 'aes-256-gcm'

/** Of a content key that is used once, any nonce will do. */
const NONCE = new Uint8Array(12)

const CONTENT_KEY_BYTES = 32

const NO_PAYLOAD = new Uint8Array(0)

/** The two halves of a batch's secret. */
function splitSecret(secret: Uint8Array): { contentKey: Uint8Array; salt: Uint8Array } {
  return { contentKey: secret.subarray(0, CONTENT_KEY_BYTES), salt: secret.subarray(CONTENT_KEY_BYTES) }
}

/** SHA-256(salt ‖ payload): what the batch's signature binds its sender to. */
export function commitmentTo(payload: Uint8Array, secret: Uint8Array): Uint8Array<ArrayBuffer> {
  return sha256(Buffer.concat([splitSecret(secret).salt, payload]))
}

/** What both ciphertexts are bound to: the whole header of the batch, the commitment and the recipient's key. */
export function associatedData(
  header: BatchHeader,
  { commitment, keyId }: Pick<SealedPayload, 'commitment' | 'keyId'>,
): Uint8Array<ArrayBuffer> {
  const bytes = encodeBatch({ ...header, encoding: ENCODING_SEALED, payload: NO_PAYLOAD })
  return plain(new Uint8Array(Buffer.concat([bytes, commitment, keyId])))
}

/** @returns ciphertext ‖ tag */
export function encryptContent(
  payload: Uint8Array,
  secret: Uint8Array,
  bound: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const cipher = createCipheriv(CIPHER, splitSecret(secret).contentKey, NONCE).setAAD(bound)
  return new Uint8Array(Buffer.concat([cipher.update(payload), cipher.final(), cipher.getAuthTag()]))
}

/**
 * What is in a sealed batch, for who has its secret. Whether the commitment is to it is not checked: {@link openContent}.
 * @throws ProtocolError ERR_SEAL_OPEN, ERR_MALFORMED, ERR_NOT_CANONICAL, ERR_SEAL
 */
export function decryptContent(batch: Batch, secret: Uint8Array | undefined): Uint8Array<ArrayBuffer> {
  return decrypt(batch, parseSealedPayload(batch.payload), assertSecret(secret))
}

/**
 * What is in a sealed batch, and that its sender committed to it.
 * @throws ProtocolError ERR_SEAL_OPEN, ERR_MALFORMED, ERR_NOT_CANONICAL, ERR_SEAL
 */
export function openContent(batch: Batch, secret: Uint8Array | undefined): Uint8Array<ArrayBuffer> {
  const sealed = parseSealedPayload(batch.payload)
  const known = assertSecret(secret)
  const payload = decrypt(batch, sealed, known)
  if (!equalBytes(commitmentTo(payload, known), sealed.commitment)) {
    throw new ProtocolError('ERR_SEAL_OPEN', 'the sealed payload holds something else than it commits to')
  }
  return payload
}

function decrypt(batch: Batch, sealed: SealedPayload, secret: Uint8Array): Uint8Array<ArrayBuffer> {
  const { content } = sealed
  const { contentKey } = splitSecret(secret)
  const decipher = createDecipheriv(CIPHER, contentKey, NONCE, { authTagLength: TAG_BYTES })
    .setAAD(associatedData(batch, sealed))
    .setAuthTag(content.subarray(-TAG_BYTES))
  try {
    const payload = Buffer.concat([decipher.update(content.subarray(0, -TAG_BYTES)), decipher.final()])
    // A plain view: bodies must not be Buffers here and plain arrays elsewhere.
    return new Uint8Array(payload.buffer, payload.byteOffset, payload.length)
  } catch (cause) {
    throw new ProtocolError('ERR_SEAL_OPEN', 'the sealed payload does not open with this secret', { cause })
  }
}

function assertSecret(secret: Uint8Array | undefined): Uint8Array {
  if (secret?.length === SECRET_BYTES) return secret
  throw new ProtocolError(
    'ERR_SEAL_OPEN',
    secret === undefined
      ? 'the payload is sealed: open it with the secret of its batch'
      : `the secret of a batch has ${SECRET_BYTES} bytes, not ${secret.length}`,
  )
}
