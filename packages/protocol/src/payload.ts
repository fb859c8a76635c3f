import { Payload, type Message as WireMessage } from '../generated/batch.js'
import type { Batch } from './batch.ts'
import { ENCODING_PLAIN, ENCODING_SEALED, ENCODING_ZSTD } from './batch-fields.ts'
import { decodeCanonical } from './canonical.ts'
import { compressPayload, decompressPayload } from './compression.ts'
import { ProtocolError } from './errors.ts'
import { MAX_BATCH_MESSAGES, MAX_HEADERS, MAX_PAYLOAD_BYTES } from './limits.ts'
import { fromWireMessage, type MessageContent } from './message.ts'
import { openContent } from './sealed-content.ts'
import { parseZstdFrame } from './zstd-frame.ts'

/** The fields of a batch that hold its messages. */
type EncodedPayload = Pick<Batch, 'encoding' | 'payload'>

/** Protobuf bytes that frame one message in a payload: its tag and the longest length that the limits allow. */
const MESSAGE_FRAME_BYTES = 1 + 3

/** Upper bound of the bytes that a message takes in a payload. */
export function wireMessageBytes(message: WireMessage): number {
  // Each field: tag, at most 3 bytes of length, and its bytes; UTF-16 units take at most 3 UTF-8 bytes.
  let bytes = MESSAGE_FRAME_BYTES + message.body.length + 4 + message.type.length * 3 + 4 + 2 + 9
  bytes += message.replyTo.length + 4 + message.repeats.length + 4
  for (const { name, value } of message.headers) bytes += 4 + name.length + 4 + value.length * 3 + 4
  return bytes
}

export function encodePayload(messages: WireMessage[]): Uint8Array<ArrayBuffer> {
  return Payload.encode({ messages })
}

/**
 * A payload as a batch to a topic carries it: compressed if that pays, that is if it has 512 bytes or more and an
 * eighth of them is saved. What goes to an inbox is never compressed: how long it is would tell what is in it.
 */
export function packPayload(payload: Uint8Array<ArrayBuffer>): EncodedPayload {
  const compressed = compressPayload(payload)
  if (compressed === undefined) return { encoding: ENCODING_PLAIN, payload }
  return { encoding: ENCODING_ZSTD, payload: compressed }
}

/**
 * The messages of a batch, decompressed or opened if need be. A sealed one takes the whole batch, because its header is
 * part of the seal, and its secret.
 * @param secret of a sealed batch, 64 bytes, as `openSealed` gives it; of others nothing
 * @throws ProtocolError ERR_BATCH_SIZE, ERR_BATCH_COUNT, ERR_BATCH_FIELD, ERR_COMPRESSION, ERR_MALFORMED,
 * ERR_NOT_CANONICAL, ERR_MESSAGE; of a sealed batch also ERR_SEAL, and ERR_SEAL_OPEN: there is no secret, it is not that
 * of the batch, or the batch commits to something else
 */
export function openPayload(batch: EncodedPayload & Pick<Batch, 'count'>): MessageContent[]
export function openPayload(batch: Batch, secret: Uint8Array | undefined): MessageContent[]
export function openPayload(
  batch: EncodedPayload & Pick<Batch, 'count'>,
  secret?: Uint8Array,
): MessageContent[] {
  const { encoding, payload, count } = batch
  if (encoding === ENCODING_PLAIN) return decodePayload(payload, count)
  if (encoding === ENCODING_ZSTD) return decodePayload(decompressPayload(payload), count)
  // With a secret it is a whole batch, and without one nothing is opened.
  if (encoding === ENCODING_SEALED) return decodePayload(openContent(batch as Batch, secret), count)
  throw new ProtocolError('ERR_BATCH_FIELD', `payload encoding ${encoding} is unknown`)
}

/**
 * Bytes of a batch's payload before compression: what its messages take in memory. Nothing is decompressed; a sealed
 * payload counts as it is, a little more than what is in it.
 * @throws ProtocolError ERR_COMPRESSION, for a batch that was not opened before
 */
export function payloadContentBytes({ encoding, payload }: EncodedPayload): number {
  return encoding === ENCODING_ZSTD ? parseZstdFrame(payload).contentBytes : payload.length
}

/**
 * The messages of an uncompressed, unsealed payload.
 * @throws ProtocolError ERR_BATCH_SIZE, ERR_BATCH_COUNT, ERR_MALFORMED, ERR_NOT_CANONICAL, ERR_MESSAGE
 */
export function decodePayload(payload: Uint8Array, count: number): MessageContent[] {
  if (payload.length > MAX_PAYLOAD_BYTES) {
    throw new ProtocolError(
      'ERR_BATCH_SIZE',
      `the payload has ${payload.length} bytes, more than ${MAX_PAYLOAD_BYTES}`,
    )
  }
  const { messages } = decodeCanonical(Payload, payload, 'payload', {
    messages: MAX_BATCH_MESSAGES,
    messages$: { headers: MAX_HEADERS },
  })
  if (messages.length !== count) {
    throw new ProtocolError(
      'ERR_BATCH_COUNT',
      `the payload has ${messages.length} messages, its header says ${count}`,
    )
  }
  return messages.map(fromWireMessage)
}
