import { MeshError } from '@pastel-mesh/identity'
import { DEFAULT_ROLE, type MemberRegistry } from './member-registry.ts'

/**
 * Everybody is a member, with any key that they made themselves. For demonstrations and closed networks; a
 * node uses it only if it was chosen explicitly.
 */
export function createOpenRegistry(): MemberRegistry {
  return {
    async start() {},
    async stop() {},
    memberAt: (pastelId) => ({ pastelId, role: DEFAULT_ROLE }),
    add: () => refuse('added'),
    remove: () => refuse('removed'),
  }
}

async function refuse(what: string): Promise<never> {
  throw new MeshError(
    'ERR_OPEN_MEMBERS',
    `this node takes everybody for a member, so nobody can be ${what}: start it with the members of a file (--members file)`,
  )
}
