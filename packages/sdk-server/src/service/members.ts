import { z } from 'zod'
import { listMembers } from '../rest/operations/node.ts'
import { readProcedure, router } from '../trpc.ts'

/** Members of one answer. */
const MAX_PAGE_MEMBERS = 1_000

/** Who may take part, for applications. */
export const members = router({
  /** A page of the members; `size` says how many there are. Where everybody is one, `isOpen` says so, and none is listed. */
  list: readProcedure
    .meta({ rest: listMembers })
    .input(
      z.strictObject({
        offset: z.number().int().min(0).default(0),
        limit: z.number().int().min(1).max(MAX_PAGE_MEMBERS).default(100),
      }),
    )
    .query(({ input: { offset, limit }, ctx: { node } }) => {
      const all = node.registry.members?.()
      const connected = new Set([node.pastelId, ...node.peers().map(({ pastelId }) => pastelId)])
      return {
        isOpen: all === undefined,
        size: all?.length ?? 0,
        members: (all ?? []).slice(offset, offset + limit).map(({ pastelId, role }) => ({
          pastelId,
          role,
          isConnected: connected.has(pastelId),
        })),
      }
    }),
})
