import type { PastelId } from '@pastel-mesh/identity'
import type { MessageInput } from '@pastel-mesh/protocol'
import type { MeshNode, Sent } from '@pastel-mesh/sdk-node'
import { z } from 'zod'
import { pastelIdInput } from '../pastel-id-schema.ts'
import { checkMessages } from './check-messages.ts'
import { messageInput } from './message-schema.ts'

/** Messages of one call, those of each recipient counted; more go in several. */
export const MAX_SENT = 1_000

export const sendInput = z
  .strictObject({
    to: z.array(pastelIdInput).min(1).max(MAX_SENT),
    messages: z.array(messageInput).min(1).max(MAX_SENT),
  })
  .refine(
    ({ to, messages }) => to.length * messages.length <= MAX_SENT,
    `that is too much for one call: recipients times messages may be ${MAX_SENT} at most`,
  )

/**
 * Sends messages to each of some members.
 * @throws MeshError ERR_MESSAGE, ERR_NOT_A_MEMBER, ERR_OUTBOX_FULL: nothing is stored; PartlySentError; and as `MeshNode.sendMany`
 */
export async function sendAll(
  node: MeshNode,
  recipients: readonly PastelId[],
  messages: readonly MessageInput[],
): Promise<Sent[]> {
  checkMessages(messages)
  return node.sendMany(recipients, messages)
}
