import { MeshError, type PastelId } from '@pastel-mesh/identity'
import { MAX_DIRECT_LIFETIME_MS, type MessageInput } from '@pastel-mesh/protocol'
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
  const to = [...new Set(recipients)]
  checkMessages(messages)
  checkExpiry(messages)
  checkMembers(node, to)
  return node.sendMany(to, messages)
}

/** What the node would refuse when some are stored. @throws MeshError ERR_MESSAGE */
function checkExpiry(messages: readonly MessageInput[]): void {
  const latestMs = Date.now() + MAX_DIRECT_LIFETIME_MS
  const index = messages.findIndex(({ expiresAtMs = 0 }) => expiresAtMs > latestMs)
  if (index < 0) return
  const which = messages.length === 1 ? 'the message' : `messages[${index}]`
  throw new MeshError(
    'ERR_MESSAGE',
    `${which} cannot be sent: it expires after ${new Date(latestMs).toISOString()}; direct messages live 30 days at most`,
  )
}

/** @throws MeshError ERR_NOT_A_MEMBER */
function checkMembers({ registry }: MeshNode, recipients: readonly PastelId[]): void {
  const nowMs = Date.now()
  const stranger = recipients.find((name) => registry.memberAt(name, nowMs) === undefined)
  if (stranger === undefined) return
  throw new MeshError(
    'ERR_NOT_A_MEMBER',
    `${stranger} is no member of this network, as far as this node knows: nothing was sent; add it with "pmesh members add" if it should be one`,
  )
}
