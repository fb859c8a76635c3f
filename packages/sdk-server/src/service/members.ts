import { listMembers } from '../rest/operations/node.ts'
import { readProcedure, router } from '../trpc.ts'
import { memberPage, memberPageInput } from './member-page.ts'

/** Who may take part, for applications. */
export const members = router({
  /** A page of the members; `size` says how many there are. Where everybody is one, `isOpen` says so, and none is listed. */
  list: readProcedure
    .meta({ rest: listMembers })
    .input(memberPageInput(100))
    .query(({ input, ctx: { node } }) => {
      const page = memberPage(node.registry, input)
      const connected = new Set([node.pastelId, ...node.peers().map(({ pastelId }) => pastelId)])
      return {
        ...page,
        members: page.members.map((member) => ({ ...member, isConnected: connected.has(member.pastelId) })),
      }
    }),
})
