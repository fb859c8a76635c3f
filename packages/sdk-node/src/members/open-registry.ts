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
  }
}
