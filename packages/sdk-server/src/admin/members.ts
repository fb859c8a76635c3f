import { MeshError } from '@pastel-mesh/identity'
import type { MemberRegistry } from '@pastel-mesh/sdk-node'
import { z } from 'zod'
import { pastelIdInput } from '../pastel-id-schema.ts'
import { MAX_PAGE_MEMBERS, memberPage, memberPageInput } from '../service/member-page.ts'
import { adminProcedure, router, viewerProcedure } from '../trpc.ts'

/** The longest role name; what else makes one is for the registry to say. */
const roleInput = z.string().min(1).max(32)

/** Who may take part. */
export const members = router({
  /** A page of the members; `size` says how many there are. Where everybody is one, `isOpen` says so. */
  list: viewerProcedure
    .input(memberPageInput(MAX_PAGE_MEMBERS))
    .query(({ input, ctx }) => memberPage(ctx.node.registry, input)),

  /**
   * Makes a PastelID a member, or gives it another role; it can connect at once. `before` is the role of one who was a
   * member already.
   */
  add: adminProcedure
    .input(z.strictObject({ pastelId: pastelIdInput, role: roleInput.optional() }))
    .mutation(async ({ input, ctx }) => {
      const { registry } = ctx.node
      const before = registry.members?.().find((member) => member.pastelId === input.pastelId)
      const { pastelId, role } = await editable(registry).add(input.pastelId, input.role)
      return { pastelId, role, ...(before === undefined ? {} : { before: before.role }) }
    }),

  /** Who is removed is cut off at once; what it published before stays. */
  remove: adminProcedure
    .input(z.strictObject({ pastelId: pastelIdInput }))
    .mutation(({ input, ctx }) => editable(ctx.node.registry).remove(input.pastelId)),
})

function editable(registry: MemberRegistry): Required<Pick<MemberRegistry, 'add' | 'remove'>> {
  if (registry.add === undefined || registry.remove === undefined) {
    throw new MeshError('ERR_FIXED_MEMBERS', 'the members of this node are kept elsewhere: change them there')
  }
  return { add: registry.add.bind(registry), remove: registry.remove.bind(registry) }
}
