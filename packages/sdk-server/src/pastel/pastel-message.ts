import { encodeSignature, type PastelId } from '@pastel-mesh/identity'
import type { SupernodeDirectory } from '@pastel-mesh/pasteld'
import { MAX_TYPE_BYTES, type MessageInput, utf8Bytes } from '@pastel-mesh/protocol'
import type { ReceivedMessage } from '@pastel-mesh/sdk-node'
import { toMessageOutput } from '../service/message-schema.ts'
import { isoTime } from './pastel-time.ts'

/** The signature of the text by the sending PastelID, in base64: what Pastel's layer verifies. */
const SIGNATURE_HEADER = 'pastel-signature'
/** The type of a message, if it is none that messages of the mesh may have: those have the type {@link OTHER_TYPE}. */
const TYPE_HEADER = 'pastel-message-type'
const OTHER_TYPE = 'pastel'

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this finds
const CONTROL = /[\u0000-\u001f\u007f]/

/** The type under which a message of Pastel's layer is stored. */
export function storedType(messageType: string): string {
  return isOrdinary(messageType) ? messageType : OTHER_TYPE
}

/** A message of Pastel's layer, as the mesh carries it. */
export function toMeshMessage(text: string, messageType: string, signature: Uint8Array): MessageInput {
  return {
    text,
    type: storedType(messageType),
    headers: {
      [SIGNATURE_HEADER]: encodeSignature(signature),
      ...(isOrdinary(messageType) ? {} : { [TYPE_HEADER]: messageType }),
    },
  }
}

/** The type that a message has in Pastel's layer. */
export function pastelTypeOf({ type, headers }: Pick<ReceivedMessage, 'type' | 'headers'>): string {
  return type === OTHER_TYPE ? (headers[TYPE_HEADER] ?? type) : type
}

/** What pasteld carries, before it is compressed. */
export function envelopeText(
  message: string,
  messageType: string,
  signature: string,
  publicKey: string,
): string {
  return JSON.stringify({ message, message_type: messageType, signature, sending_sn_pubkey: publicKey })
}

/** A direct message as Pastel's table has it, and its text. */
export function toTableMessage(
  received: ReceivedMessage,
  { own, directory }: { readonly own: PastelId; readonly directory: SupernodeDirectory },
) {
  const { sender, channel, headers, createdAtMs, id } = received
  const recipient = channel.kind === 'inbox' ? channel.recipient : own
  const message = textIn(received, own)
  const messageType = pastelTypeOf(received)
  const signature = headers[SIGNATURE_HEADER] ?? ''
  const sending = directory.byPastelId(sender)
  return {
    message,
    message_type: messageType,
    sending_sn_pastelid: sender,
    receiving_sn_pastelid: recipient,
    sending_sn_txid_vout: sending?.outpoint ?? '',
    receiving_sn_txid_vout: directory.byPastelId(recipient)?.outpoint ?? '',
    message_body: envelopeText(message, messageType, signature, sending?.publicKey ?? ''),
    signature,
    timestamp: isoTime(createdAtMs),
    id,
  }
}

/** Of JSON its text, of bytes their base64. */
function textIn(received: ReceivedMessage, own: PastelId): string {
  const body = toMessageOutput(received, own)
  if ('text' in body) return body.text
  return 'base64' in body ? body.base64 : JSON.stringify(body.json)
}

function isOrdinary(messageType: string): boolean {
  return messageType.isWellFormed() && !CONTROL.test(messageType) && utf8Bytes(messageType) <= MAX_TYPE_BYTES
}
