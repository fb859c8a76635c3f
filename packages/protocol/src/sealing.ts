import { randomBytes } from 'node:crypto'
import type { SealedPayload } from '../generated/seal.js'
import type { Batch, BatchHeader } from './batch.ts'
import { asBuffer } from './bytes.ts'
import { ProtocolError } from './errors.ts'
import { MAX_PAYLOAD_BYTES } from './limits.ts'
import type { MessageContent } from './message.ts'
import { openPayload } from './payload.ts'
import { associatedData, commitmentTo, encryptContent } from './sealed-content.ts'
import {
  encodeSealedPayload,
  parseSealedPayload,
  SECRET_BYTES,
  sealedPayloadBytes,
} from './sealed-payload.ts'
import { keyIdBytes, loadSuite, type SealingKeyPair, toPrivateKey, toPublicKey } from './sealing-key.ts'

/** What a secret is sealed for, and for nothing else: the `info` of HPKE. */
const INFO = new TextEncoder().encode('pastel-mesh/seal/1')

/** A payload as a batch to an inbox carries it, and the secret that opens it. */
export interface SealedContent {
  readonly payload: Uint8Array<ArrayBuffer>
  /** Content key ‖ salt, 64 bytes: whoever has it and the batch can read it, and prove what is in it. */
  readonly secret: Uint8Array
}

/** What is random in a sealed payload; fixed only in test vectors. */
export interface SealRandomness {
  /** 64 bytes. */
  readonly secret: Uint8Array
  /** What HPKE's ephemeral key is derived from (DeriveKeyPair of RFC 9180); absent: it is random. */
  readonly ephemeralSeed?: Uint8Array
}

/**
 * Seals a payload to the recipient of an inbox. Each call takes a new content key.
 * @param header of the batch that will carry it, final: the seal is bound to every field of it
 * @param payload plain bytes, made by `encodePayload`
 * @param recipientKey public sealing key of the recipient, 32 bytes
 * @throws ProtocolError ERR_BATCH_SIZE, ERR_SEAL_KEY
 * @example
 * const { payload, secret } = await sealPayload(header, encodePayload(messages), certificate.sealingKey)
 * const bytes = encodeBatch({ ...header, payload })
 */
export function sealPayload(
  header: BatchHeader,
  payload: Uint8Array,
  recipientKey: Uint8Array,
): Promise<SealedContent> {
  return sealPayloadWith({ secret: new Uint8Array(randomBytes(SECRET_BYTES)) }, header, payload, recipientKey)
}

/** {@link sealPayload} with everything random given. */
export async function sealPayloadWith(
  { secret, ephemeralSeed }: SealRandomness,
  header: BatchHeader,
  payload: Uint8Array,
  recipientKey: Uint8Array,
): Promise<SealedContent> {
  const sizeBytes = sealedPayloadBytes(payload.length)
  if (sizeBytes > MAX_PAYLOAD_BYTES) {
    throw new ProtocolError(
      'ERR_BATCH_SIZE',
      `the payload has ${sizeBytes} bytes when sealed, more than ${MAX_PAYLOAD_BYTES}: put fewer messages into it`,
    )
  }
  const recipientPublicKey = await toPublicKey(recipientKey)
  const named = { commitment: commitmentTo(payload, secret), keyId: keyIdBytes(recipientKey) }
  const bound = associatedData(header, named)
  const ephemeral = ephemeralSeed === undefined ? {} : { ekm: ephemeralSeed }
  const suite = await loadSuite()
  let wrapped: { enc: ArrayBuffer; ct: ArrayBuffer }
  try {
    wrapped = await suite.seal({ recipientPublicKey, info: INFO, ...ephemeral }, secret, bound)
  } catch (cause) {
    throw new ProtocolError('ERR_SEAL_KEY', 'nothing can be sealed to the sealing key: it is a weak one', {
      cause,
    })
  }
  const sealed = {
    ...named,
    encapsulated: new Uint8Array(wrapped.enc),
    wrapped: new Uint8Array(wrapped.ct),
    content: encryptContent(payload, secret, bound),
  }
  return { payload: encodeSealedPayload(sealed), secret }
}

/**
 * Opens a sealed batch with the recipient's key, and checks all that is in it: afterwards {@link openPayload} with the
 * secret gives its messages.
 * @param batch to an inbox, as `openBatch` gives it
 * @param keyOf the key pair with an id, as `sealingKeyId` gives it; undefined: there is none
 * @returns the secret of the batch, 64 bytes
 * @throws ProtocolError ERR_SEAL_KEY_UNKNOWN: it is sealed to a key that `keyOf` does not have; ERR_SEAL_OPEN: it does
 * not open, or holds no messages, or other messages than it commits to
 */
export async function openSealed(
  batch: Batch,
  keyOf: (keyId: string) => SealingKeyPair | undefined,
): Promise<Uint8Array> {
  return (await openSealedMessages(batch, keyOf)).secret
}

/** {@link openSealed}, and the messages that are in it. */
export async function openSealedMessages(
  batch: Batch,
  keyOf: (keyId: string) => SealingKeyPair | undefined,
): Promise<{ readonly secret: Uint8Array; readonly messages: readonly MessageContent[] }> {
  try {
    const sealed = parseSealedPayload(batch.payload)
    const secret = await unwrapSecret(batch, sealed, keyOf)
    return { secret, messages: openPayload(batch, secret) }
  } catch (error) {
    if (!(error instanceof ProtocolError) || OPEN_CODES.has(error.code)) throw error
    throw new ProtocolError('ERR_SEAL_OPEN', `what was sealed is no payload: ${error.message}`, {
      cause: error,
    })
  }
}

const OPEN_CODES = new Set(['ERR_SEAL_KEY_UNKNOWN', 'ERR_SEAL_OPEN'])

async function unwrapSecret(
  batch: Batch,
  sealed: SealedPayload,
  keyOf: (keyId: string) => SealingKeyPair | undefined,
): Promise<Uint8Array> {
  const keyId = asBuffer(sealed.keyId).toString('hex')
  const pair = keyOf(keyId)
  if (pair === undefined) {
    throw new ProtocolError(
      'ERR_SEAL_KEY_UNKNOWN',
      `the payload is sealed to the key ${keyId}, which is not here`,
    )
  }
  const publicKey = await toPublicKey(pair.publicKey)
  const suite = await loadSuite()
  const privateKey = await toPrivateKey(pair.privateKey)
  const recipientKey = { publicKey, privateKey }
  const bound = associatedData(batch, sealed)
  let secret: ArrayBuffer
  try {
    secret = await suite.open({ recipientKey, enc: sealed.encapsulated, info: INFO }, sealed.wrapped, bound)
  } catch (cause) {
    throw new ProtocolError('ERR_SEAL_OPEN', `the payload does not open with the key ${keyId}`, { cause })
  }
  return new Uint8Array(secret)
}
