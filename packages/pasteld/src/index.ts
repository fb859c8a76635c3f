/**
 * The Pastel core: its RPC, what it knows of supernodes, and the messages that it carries.
 * @packageDocumentation
 */

export type { BridgeStatus, EntryRefusal } from './bridge/bridge-status.ts'
export {
  createPasteldBridge,
  type PasteldBridge,
  type PasteldBridgeComponents,
  type PasteldBridgeOptions,
} from './bridge/create-bridge.ts'
export { SIGNATURE_HEADER } from './bridge/incoming.ts'
export { fromMessageType, toMessageType, USER_MESSAGE_TYPE } from './bridge/message-type.ts'
export {
  type FindPasteldConfigOptions,
  findPasteldConfig,
  type PasteldConfig,
} from './config/find-pasteld-config.ts'
export type { Machine, PastelNetwork } from './config/pastel-network.ts'
export { PasteldConfigError } from './config/pasteld-config-error.ts'
export { decodeEnvelope } from './envelope/decode-envelope.ts'
export { encodeEnvelope } from './envelope/encode-envelope.ts'
export { type Envelope, MAX_ENVELOPE_JSON_BYTES, MAX_ENVELOPE_TEXT_LENGTH } from './envelope/envelope.ts'
export { EnvelopeError, type EnvelopeErrorCode } from './envelope/envelope-error.ts'
export { verifyEnvelope } from './envelope/verify-envelope.ts'
export {
  createPasteldRegistry,
  type PasteldRegistry,
  type PasteldRegistryComponents,
  type PasteldRegistryOptions,
} from './members/create-pasteld-registry.ts'
export type { RoleRule, RoleRules } from './members/members-of.ts'
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
  createPasteldSigner,
  type PasteldSigner,
  type PasteldSignerComponents,
  type PasteldSignerOptions,
} from './signer/create-pasteld-signer.ts'
export type { AddressHint } from './supernodes/address-hints.ts'
export { closestSupernodes } from './supernodes/closest.ts'
export {
  type CoreDirectory,
  createSupernodeDirectory,
  type SupernodeDirectoryComponents,
  type SupernodeDirectoryOptions,
} from './supernodes/create-supernode-directory.ts'
export {
  type DirectoryProblem,
  SUPERNODE_STATUSES,
  type Supernode,
  type SupernodeDirectory,
  type SupernodeStatus,
} from './supernodes/supernode.ts'
