import { MeshError } from '@pastel-mesh/identity'

/** Which supernodes have a role: those of a status, or those of a rank up to one. */
export type RoleRule =
  | { readonly role: string; readonly status: string }
  | { readonly role: string; readonly maxRank: number }

const RULE = /^([^=\s]+)=(?:rank<=(\d{1,7})|([A-Z][A-Z_]{0,31}))$/

/**
 * Checks `ROLE=rank<=10` or `ROLE=STATUS`; as it is written.
 * @throws MeshError ERR_ROLE_RULE
 */
export function parseRoleRule(text: string, isRole: (name: string) => boolean): string {
  if (!isRole(readRoleRule(text).role)) {
    throw new MeshError(
      'ERR_ROLE_RULE',
      'the role is no name of one: use lower-case letters, digits and inner hyphens',
    )
  }
  return text
}

/** @throws MeshError ERR_ROLE_RULE */
export function readRoleRule(text: string): RoleRule {
  const [, role, rank, status] = RULE.exec(text) ?? []
  if (role === undefined) {
    throw new MeshError('ERR_ROLE_RULE', 'neither ROLE=rank<=NUMBER nor ROLE=STATUS, such as top=rank<=10')
  }
  return status === undefined ? { role, maxRank: Number(rank) } : { role, status }
}
