import { MeshError, type PastelId } from '@pastel-mesh/identity'
import { isRoleName } from '@pastel-mesh/protocol'
import { DEFAULT_ROLE, type Member } from '@pastel-mesh/sdk-node'
import type { Supernode } from '../supernodes/supernode.ts'

/** Whom a role is for: all that is given has to hold. */
export interface RoleRule {
  /** A rank up to this, 1 being the best. */
  readonly maxRank?: number
  /** One of `SUPERNODE_STATUSES`. */
  readonly status?: string
}

/** Roles and whom they are for; the first that fits is given, whom none fits is `member`. */
export type RoleRules = Readonly<Record<string, RoleRule>>

/** @throws MeshError ERR_ROLE_NAME */
export function assertRoles(roles: RoleRules): void {
  const wrong = Object.keys(roles).find((role) => !isRoleName(role))
  if (wrong === undefined) return
  const message = `"${wrong.slice(0, 100)}" is no role: lower-case letters, digits and hyphens, 32 at most`
  throw new MeshError('ERR_ROLE_NAME', message)
}

/**
 * The members that a list of supernodes makes: each PastelID of one whose status counts. One that has several has the
 * first role that is for any of them.
 */
export function membersOf(supernodes: readonly Supernode[], roles: RoleRules): Map<PastelId, Member> {
  const ofEach = Map.groupBy(supernodes, ({ pastelId }) => pastelId)
  const members = new Map<PastelId, Member>()
  for (const [pastelId, own] of ofEach) {
    if (pastelId === undefined) continue
    const role = Object.entries(roles).find(([, rule]) =>
      own.some((supernode) => isFor(rule, supernode)),
    )?.[0]
    members.set(pastelId, { pastelId, role: role ?? DEFAULT_ROLE })
  }
  return members
}

function isFor({ maxRank, status }: RoleRule, supernode: Supernode): boolean {
  const { rank } = supernode
  const isRankGood = maxRank === undefined || (rank !== undefined && rank >= 1 && rank <= maxRank)
  return isRankGood && (status === undefined || status === supernode.status)
}
