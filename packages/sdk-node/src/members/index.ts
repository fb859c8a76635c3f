/** Who belongs to the network: registries, and what one is built with. */
export { createFileRegistry, type FileRegistry, type FileRegistryOptions } from './file-registry.ts'
export { checkMemberFile } from './member-file.ts'
export { MemberHistory, type MemberHistoryOptions } from './member-history.ts'
export {
  DEFAULT_ROLE,
  type Member,
  type MemberChange,
  type MemberRegistry,
  memberChange,
} from './member-registry.ts'
export { createOpenRegistry } from './open-registry.ts'
export type { MemberEvent, Tenures, TenuresOptions } from './tenures.ts'
