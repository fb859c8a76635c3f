/**
 * For tests and benchmarks only: local meshes of real processes, audits of what they stored.
 * @packageDocumentation
 */
export { LogWriter, type LogWriterOptions, seededSigner, type WriteOptions } from './fixtures/log-writer.ts'
export { type AuditedMessage, auditStore, type StoreAudit } from './mesh/audit-store.ts'
export { freePort } from './mesh/free-port.ts'
export { LocalMesh, type LocalMeshOptions } from './mesh/local-mesh.ts'
export { LocalNode, type LocalNodeOptions } from './mesh/local-node.ts'
export { type WaitOptions, waitUntil } from './mesh/wait-until.ts'
