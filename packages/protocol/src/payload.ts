import { Payload, type Message as WireMessage } from '../generated/batch.js'
import { decodeCanonical } from './canonical.ts'
import { ProtocolError } from './errors.ts'
import { MAX_BATCH_MESSAGES, MAX_HEADERS, MAX_PAYLOAD_BYTES } from './limits.ts'
import { fromWireMessage, type MessageContent } from './message.ts'

/** Protobuf bytes that frame one message in a payload: its tag and the longest length that the limits allow. */
const MESSAGE_FRAME_BYTES = 1 + 3

/** Upper bound of the bytes that a message takes in a payload. */
export function wireMessageBytes(message: WireMessage): number {
  // Each field: tag, at most 3 bytes of length, and its bytes; UTF-16 units take at most 3 UTF-8 bytes.
  let bytes = MESSAGE_FRAME_BYTES + message.body.length + 4 + message.type.length * 3 + 4 + 2 + 9
  bytes += message.replyTo.length + 4
  for (const { name, value } of message.headers) bytes += 4 + name.length + 4 + value.length * 3 + 4
  return bytes
}

export function encodePayload(messages: WireMessage[]): Uint8Array<ArrayBuffer> {
  return Payload.encode({ messages })
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
