import { z } from 'zod'
import type { Context } from '../trpc.ts'
import { toReceiptOutput } from './delivery.ts'

export const storedByInput = z.strictObject({
  /** Ids are shorter; a wrong one is not repeated at length. */
  id: z.string().min(1).max(100),
  /** Whether the receipts that prove it come along: a kilobyte a member and more. */
  receipts: z.boolean().default(false),
})

/** Which members store a message of this node to a topic; receipts, and the certificates that prove their keys, in base64. */
export async function readStoredBy(
  { id, receipts }: z.output<typeof storedByInput>,
  { node }: Pick<Context, 'node'>,
  signal?: AbortSignal,
) {
  const { members, ...status } = await node.topicStatus(id, signal === undefined ? {} : { signal })
  return {
    ...status,
    members: members.map(({ receipt, ...member }) => ({
      ...member,
      ...(receipts && receipt !== undefined ? { receipt: toReceiptOutput(receipt) } : {}),
    })),
  }
}

export type StoredByOutput = Awaited<ReturnType<typeof readStoredBy>>
