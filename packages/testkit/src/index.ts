/**
 * For tests and benchmarks only: local meshes of real processes, audits of what they stored.
 * @packageDocumentation
 */
export {
  CERTIFICATE_PROTOCOL,
  CertificateExchange,
  type CertificateFields,
  makeCertificate,
} from './attackers/certificate-exchange.ts'
export { MESHSUB_PROTOCOLS, RawGossipPeer, type RawGossipPeerOptions } from './attackers/raw-gossip-peer.ts'
export { encodeRpc, RawGossipStream, type RawRpc } from './attackers/raw-gossip-stream.ts'
export { findBinary } from './fixtures/find-binary.ts'
export { LogWriter, type LogWriterOptions, seededSigner, type WriteOptions } from './fixtures/log-writer.ts'
export { seededSealingKey } from './fixtures/sealed-batch.ts'
export { type AuditedMessage, auditStore, type StoreAudit } from './mesh/audit-store.ts'
export { cliCommand } from './mesh/cli-command.ts'
export { freePort } from './mesh/free-port.ts'
export { LocalMesh, type LocalMeshOptions } from './mesh/local-mesh.ts'
export { LocalNode, type LocalNodeOptions } from './mesh/local-node.ts'
export { type WaitOptions, waitUntil } from './mesh/wait-until.ts'
export { CertificateAuthority } from './nginx/certificate-authority.ts'
export { type LoggedRequest, missingForNginx, Nginx, type NginxOptions } from './nginx/nginx.ts'
export {
  type LegacyMessage,
  LegacySupernode,
  type LegacySupernodeOptions,
} from './pasteld-emulator/legacy-supernode.ts'
export type {
  AnswerFault,
  CallCounts,
  EmulatedChain,
  EmulatedSupernodeOptions,
  EntryFault,
  Latency,
  MasternodeFields,
  PasteldEmulatorOptions,
  SupernodeDescription,
} from './pasteld-emulator/options.ts'
export {
  type EmulatedSupernode,
  type PasteldEmulator,
  startPasteldEmulator,
} from './pasteld-emulator/start-pasteld-emulator.ts'
export { MASTERNODE_KEY_PREFIX, PASSPHRASE_PREFIX } from './secrets.ts'
