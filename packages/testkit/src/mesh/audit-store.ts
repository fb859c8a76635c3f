import { verifySignature } from '@pastel-mesh/identity'
import {
  type Batch,
  equalBytes,
  logId,
  type MessageContent,
  messageId,
  openBatch,
  signedText,
  ZERO_HASH,
} from '@pastel-mesh/protocol'
import { createStore, nextRunningHash } from '@pastel-mesh/storage'

/** What a database holds, found by reading and verifying every batch from its bytes. */
export interface StoreAudit {
  /** Message id → message, in arrival order. */
  readonly messages: ReadonlyMap<string, AuditedMessage>
  readonly batches: number
  /** What is wrong: bad signatures, broken chains, positions twice. Empty: nothing. */
  readonly problems: readonly string[]
}

export interface AuditedMessage extends MessageContent {
  readonly sender: Uint8Array
  readonly receivedAtMs: number
}

/**
 * Opens the database of a node that does not run, and verifies every batch afresh: signature, canonical bytes,
 * chain, running hash of the arrival order, no message twice.
 */
export async function auditStore(directory: string): Promise<StoreAudit> {
  const store = createStore({ directory })
  await store.start()
  try {
    const messages = new Map<string, AuditedMessage>()
    const problems: string[] = []
    /** Log id → hash of its last batch and its next position. */
    const logs = new Map<string, { hash: Uint8Array; next: number }>()
    let runningHash: Uint8Array = new Uint8Array(8)
    let position = 0
    let batches = 0
    for await (const stored of store.read()) {
      batches += 1
      const signed = openBatch(Uint8Array.from(stored.envelope))
      const { batch, log, hash } = signed
      const name = `batch ${log}-${batch.first}`
      if (!(await verifySignature(batch.sender, signedText('batch', hash), signed.signature))) {
        problems.push(`${name}: bad signature`)
      }
      if (stored.position !== position) problems.push(`${name}: at ${stored.position}, expected ${position}`)
      runningHash = nextRunningHash(runningHash, hash, position)
      if (!equalBytes(runningHash, stored.runningHash)) problems.push(`${name}: running hash differs`)
      const before = logs.get(log)
      if ((before?.next ?? 0) !== batch.first) problems.push(`${name}: its log ends at ${before?.next ?? 0}`)
      const predecessor = before?.hash ?? followedHash(batch, logs)
      if (!equalBytes(predecessor, batch.previous)) problems.push(`${name}: names another predecessor`)
      logs.set(log, { hash, next: batch.first + batch.count })
      for (const [index, message] of stored.messages().entries()) {
        const id = messageId(log, batch.first + index)
        if (messages.has(id)) problems.push(`message ${id} is stored twice`)
        messages.set(id, { ...message, sender: batch.sender, receivedAtMs: stored.receivedAtMs })
      }
      position += stored.count
    }
    return { messages, batches, problems }
  } finally {
    await store.stop()
  }
}

/** Hash of the last batch of the log that a first batch follows. */
function followedHash(
  { sender, channel, follows }: Batch,
  logs: ReadonlyMap<string, { hash: Uint8Array; next: number }>,
): Uint8Array {
  if (follows === undefined) return ZERO_HASH
  const followed = logs.get(logId(sender, channel, follows.run))
  return followed?.next === follows.head + 1 ? followed.hash : new Uint8Array(0)
}
