/**
 * The Pastel core: its RPC, what it knows of supernodes, and the messages that it carries.
 * @packageDocumentation
 */
export { createPasteldClient } from './rpc/create-pasteld-client.ts'
export type {
  CallOptions,
  CoreInfo,
  MasternodeExtra,
  MasternodeStatus,
  PasteldClient,
  PasteldMessage,
  TopMasternode,
} from './rpc/pasteld-client.ts'
export type { PasteldClientOptions } from './rpc/pasteld-client-options.ts'
export { PasteldError, type PasteldErrorCode, type PasteldErrorOptions } from './rpc/pasteld-error.ts'
export {
  type DirectoryProblem,
  SUPERNODE_STATUSES,
  type Supernode,
  type SupernodeDirectory,
  type SupernodeStatus,
} from './supernodes/supernode.ts'
