import type { MeshNode } from '@pastel-mesh/sdk-node'
import { z } from 'zod'
import { type MessageOutput, toMessageOutput } from '../service/message-schema.ts'
import { MAX_PAGE_BYTES, MAX_PAGE_MESSAGES } from '../service/page.ts'
import { viewerProcedure } from '../trpc.ts'

/**
 * A page of what this node published and no other member holds, the oldest first: to be taken to where this PastelID
 * runs now. `next`, given as `from`, goes on where a page ended that was not the last.
 */
export const unshared = viewerProcedure
  .input(
    z.strictObject({
      from: z.string().optional(),
      limit: z.number().int().min(1).max(MAX_PAGE_MESSAGES).default(100),
    }),
  )
  .query(async ({ input: { from, limit }, ctx }) => {
    const messages: MessageOutput[] = []
    let sizeBytes = 0
    // One more tells whether there is a next page.
    const all = ctx.node.unshared({ limit: limit + 1, ...(from === undefined ? {} : { from }) })
    for await (const message of all) {
      if (messages.length === limit || sizeBytes >= MAX_PAGE_BYTES) {
        return { messages, next: messages.at(-1)?.cursor }
      }
      messages.push(toMessageOutput(message, ctx.node.pastelId))
      sizeBytes += message.body.length
    }
    return { messages, next: undefined }
  })

/** What the status says of whether others take what this node publishes. */
export async function standingOf({ standing }: MeshNode) {
  const { clock, superseded, certificate } = standing
  return {
    clock,
    ...(certificate === undefined ? {} : { certificate }),
    ...(superseded === undefined
      ? {}
      : { superseded: { ...superseded, unshared: await standing.countUnshared() } }),
  }
}
