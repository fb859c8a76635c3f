import { encodeSignature, type PastelId } from '@pastel-mesh/identity'
import {
  fromMessageType,
  SIGNATURE_HEADER,
  type SupernodeDirectory,
  toMessageType,
} from '@pastel-mesh/pasteld'
import type { MessageInput } from '@pastel-mesh/protocol'
import type { ReceivedMessage } from '@pastel-mesh/sdk-node'
import { toMessageOutput } from '../service/message-schema.ts'
import { isoTime } from './pastel-time.ts'

/** A message of Pastel's layer, as the mesh carries it. */
export function toMeshMessage(text: string, messageType: string, signature: Uint8Array): MessageInput {
  const { type, headers } = fromMessageType(messageType)
  return { text, type, headers: { ...headers, [SIGNATURE_HEADER]: encodeSignature(signature) } }
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
  const messageType = toMessageType(received)
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
