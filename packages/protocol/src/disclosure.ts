import { encodePastelId, type PastelId, verifySignature } from '@pastel-mesh/identity'
import { openBatch, type SignedBatch } from './batch.ts'
import { equalBytes, fromUtf8 } from './bytes.ts'
import { ProtocolError } from './errors.ts'
import { MAX_ENVELOPE_BYTES } from './limits.ts'
import type { MessageContent } from './message.ts'
import { parseChannel } from './names.ts'
import { openPayload } from './payload.ts'
import { SECRET_BYTES } from './sealed-payload.ts'
import { signedText } from './signed-text.ts'

/** What a third party needs to read a direct message, and to know who wrote it to whom. */
export interface DisclosureParts {
  /** Of the batch. */
  readonly envelope: Uint8Array
  /** Of the batch, 64 bytes. */
  readonly secret: Uint8Array
}

/** What a disclosure proves. */
export interface Disclosure {
  readonly signed: SignedBatch
  readonly sender: PastelId
  readonly recipient: PastelId
  /** Those of the batch, in order. */
  readonly messages: readonly MessageContent[]
}

/** What a disclosure begins with, so that it is not taken for anything else. */
const MARK = fromUtf8('pastel-mesh/disclosure/1\n')

/** Bytes of a disclosure at most. */
export const MAX_DISCLOSURE_BYTES = MARK.length + SECRET_BYTES + MAX_ENVELOPE_BYTES

/**
 * A disclosure of everything in one batch to an inbox, and of no other: a mark, the secret, the envelope. Both ends
 * of the batch can make one.
 */
export function encodeDisclosure({ envelope, secret }: DisclosureParts): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat([MARK, secret, envelope]))
}

/** Whether bytes begin as a disclosure does. */
export function isDisclosure(bytes: Uint8Array): boolean {
  return equalBytes(bytes.subarray(0, MARK.length), MARK)
}

/**
 * The parts of a disclosure, unchecked: `checkProof` takes them, or {@link openDisclosure} opens it whole.
 * @throws ProtocolError ERR_DISCLOSURE
 */
export function decodeDisclosure(bytes: Uint8Array): DisclosureParts {
  const secretEnd = MARK.length + SECRET_BYTES
  if (bytes.length > MAX_DISCLOSURE_BYTES || !isDisclosure(bytes)) {
    throw new ProtocolError(
      'ERR_DISCLOSURE',
      `the ${bytes.length} bytes are no disclosure of a direct message`,
    )
  }
  return { secret: bytes.subarray(MARK.length, secretEnd), envelope: bytes.subarray(secretEnd) }
}

/**
 * Opens a disclosure as somebody who trusts nobody: the sender's signature covers the commitment, and the commitment
 * fixes the messages.
 * @param bytes from anywhere
 * @throws ProtocolError ERR_DISCLOSURE, ERR_BATCH_SIGNATURE, ERR_SEAL_OPEN, and what `openBatch` and `openPayload` throw
 * @example
 * const { sender, recipient, messages } = await openDisclosure(await readFile('disclosed'))
 */
export async function openDisclosure(bytes: Uint8Array): Promise<Disclosure> {
  const { envelope, secret } = decodeDisclosure(bytes)
  const signed = openBatch(envelope)
  const { batch } = signed
  const channel = parseChannel(batch.channel)
  if (channel.kind !== 'inbox') {
    throw new ProtocolError('ERR_DISCLOSURE', 'the batch went to a topic: everybody can read it as it is')
  }
  if (!(await verifySignature(batch.sender, signedText('batch', signed.hash), signed.signature))) {
    throw new ProtocolError('ERR_BATCH_SIGNATURE', 'the batch is not signed by its sender')
  }
  const messages = openPayload(batch, secret)
  return { signed, sender: encodePastelId(batch.sender), recipient: channel.recipient, messages }
}
