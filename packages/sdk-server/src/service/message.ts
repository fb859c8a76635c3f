import { MeshError } from '@pastel-mesh/identity'
import { toReceivedMessage } from '@pastel-mesh/sdk-node'
import { z } from 'zod'
import type { Context } from '../trpc.ts'
import { type MessageOutput, toMessageOutput } from './message-schema.ts'

/** A message id is shorter; a wrong one is not repeated at length. */
export const getInput = z.strictObject({ id: z.string().max(100) })

/** @throws ProtocolError ERR_MESSAGE_ID; MeshError ERR_NOT_STORED, ERR_SEALED */
export async function readMessage(
  { id }: z.output<typeof getInput>,
  { node, store }: Context,
): Promise<MessageOutput> {
  const found = await store.findMessage(id)
  if (found === undefined) {
    throw new MeshError('ERR_NOT_STORED', `no message ${id} is stored here: it never came, or was removed`)
  }
  const { stored, index } = found
  if (!stored.isReadable) {
    throw new MeshError('ERR_SEALED', `the message ${id} cannot be read here: it is sealed to its recipient`)
  }
  return toMessageOutput(toReceivedMessage(stored, index, store.storeId), node.pastelId)
}
