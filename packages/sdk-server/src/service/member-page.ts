import type { MemberRegistry } from '@pastel-mesh/sdk-node'
import { z } from 'zod'

/** Members of one answer. */
export const MAX_PAGE_MEMBERS = 1_000

/** Which page of the members; without a limit it has `defaultLimit`. */
export function memberPageInput(defaultLimit: number) {
  return z.strictObject({
    offset: z.number().int().min(0).default(0),
    limit: z.number().int().min(1).max(MAX_PAGE_MEMBERS).default(defaultLimit),
  })
}

/** A page of the members, and how many there are; where everybody is one none is listed. */
export function memberPage(
  registry: MemberRegistry,
  { offset, limit }: z.output<ReturnType<typeof memberPageInput>>,
) {
  const all = registry.members?.()
  return {
    isOpen: all === undefined,
    size: all?.length ?? 0,
    members: (all ?? []).slice(offset, offset + limit).map(({ pastelId, role }) => ({ pastelId, role })),
  }
}
