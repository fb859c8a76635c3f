import { createHash } from 'node:crypto'
import {
  decodePastelId,
  decodeSignature,
  MeshError,
  type PastelId,
  verifySignature,
} from '@pastel-mesh/identity'
import { USER_MESSAGE_TYPE } from '@pastel-mesh/pasteld'
import { jsonOf } from '@pastel-mesh/protocol'
import type { ReceivedMessage } from '@pastel-mesh/sdk-node'
import type { z } from 'zod'
import { sendUserMessageInput } from './pastel-inputs.ts'

const schema = sendUserMessageInput.shape.user_message

/** What one PastelID wrote to another, neither of which need be a member. */
export type UserMessage = z.output<typeof schema>

/** Undefined: it is no message of a user. Whether its signature is good is not looked at. */
export function readUserMessage(received: ReceivedMessage): UserMessage | undefined {
  if (received.type !== USER_MESSAGE_TYPE || received.contentType !== 'json') return undefined
  try {
    return schema.safeParse(jsonOf(received)).data
  } catch (error) {
    if (error instanceof MeshError) return undefined
    throw error
  }
}

/**
 * Whether a PastelID signed a text: the text itself, as the core's `pastelid sign` does, or the base64 of the text, as
 * Pastel's Go client has it signed.
 */
export async function isSignedBy(pastelId: PastelId, text: string, signature: string): Promise<boolean> {
  if (!text.isWellFormed()) return false
  let bytes: Uint8Array
  try {
    bytes = decodeSignature(signature)
  } catch (error) {
    if (error instanceof MeshError) return false
    throw error
  }
  const publicKey = decodePastelId(pastelId)
  if (await verifySignature(publicKey, text, bytes)) return true
  return verifySignature(publicKey, Buffer.from(text, 'utf8').toString('base64'), bytes)
}

/** What is the same in two messages that are the same. */
export function contentOf({ from_pastelid, to_pastelid, message_body }: UserMessage): string {
  return createHash('sha256')
    .update(JSON.stringify([from_pastelid, to_pastelid, message_body]))
    .digest('hex')
}

/**
 * The number of a message, the same wherever it is kept: clients read from three supernodes and leave out what has a
 * number that they have seen.
 * @param content of {@link contentOf}
 * @param times how often the same was sent before
 */
export function userMessageId(content: string, times: number): number {
  // 48 bits, which every JSON has exactly.
  return createHash('sha256').update(`${content} ${times}`).digest().readUIntBE(0, 6)
}
