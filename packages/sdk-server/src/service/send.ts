import type { PastelId } from '@pastel-mesh/identity'
import type { MessageInput } from '@pastel-mesh/protocol'
import type { MeshNode, Sent } from '@pastel-mesh/sdk-node'
import { checkMessages } from './check-messages.ts'

/** Messages of one call, those of each recipient counted; more go in several. */
export const MAX_SENT = 1_000

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
