/**
 * The Pastel core: its RPC, what it knows of supernodes, and the messages that it carries.
 * @packageDocumentation
 */
export type {
  CallOptions,
  CoreInfo,
  MasternodeExtra,
  MasternodeStatus,
  PasteldClient,
  PasteldMessage,
  TopMasternode,
} from './rpc/pasteld-client.ts'
export {
  type DirectoryProblem,
  SUPERNODE_STATUSES,
  type Supernode,
  type SupernodeDirectory,
  type SupernodeStatus,
} from './supernodes/supernode.ts'
