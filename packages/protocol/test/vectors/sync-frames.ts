import { createHash } from 'node:crypto'
import {
  type Cursor,
  encodeBatch,
  encodeSyncRequest,
  encodeSyncResponse,
  logId,
  type SyncRequest,
  type SyncResponse,
  sha256,
} from '../../src/index.ts'
import { testSigner } from '../identities.ts'
import { NOW } from '../samples.ts'
import { batches, firstBatch, signBatchBytes } from './batches.ts'
import { type Json, toJson, unhex } from './json.ts'

/** An entry of an arrival order, and the running hash after it. */
interface Entry {
  /** Arrival position of the batch's first message. */
  readonly position: number
  readonly count: number
  readonly batchHash: Uint8Array
  readonly runningHash: Uint8Array
}

/** The arrival order of a node that took in the batches of the vectors one after the other. */
function arrivalOrder(): Entry[] {
  const order: Entry[] = []
  let runningHash: Uint8Array = new Uint8Array(8)
  let position = 0
  for (const { batch } of batches) {
    const batchHash = sha256(encodeBatch(batch))
    const number = Buffer.alloc(8)
    number.writeBigUInt64BE(BigInt(position))
    runningHash = createHash('sha256')
      .update(runningHash)
      .update(batchHash)
      .update(number)
      .digest()
      .subarray(0, 8)
    order.push({ position, count: batch.count, batchHash, runningHash })
    position += batch.count
  }
  return order
}

export async function makeSyncFrames(): Promise<Json> {
  const order = arrivalOrder()
  const [one, two] = order as [Entry, Entry]
  const store = unhex('a0a1a2a3a4a5a6a7a8a9aaabacadaeaf')
  const beginning: Cursor = { store, position: 0, hash: new Uint8Array(0) }
  const { sender, channel, run } = firstBatch
  const log = logId(sender, channel, run)
  const requests: Record<string, SyncRequest> = {
    'heads from the beginning': { kind: 'heads', id: 1, channels: [channel] },
    'heads from a cursor between two batches': {
      kind: 'heads',
      id: 2,
      from: { store, position: 2, hash: one.runningHash },
      channels: [channel, `inbox/${testSigner(1).pastelId}`],
    },
    'heads from a cursor inside the first batch': {
      kind: 'heads',
      id: 3,
      from: { store, position: 1, hash: one.runningHash },
      channels: [channel],
    },
    'heads from position 0 of a known store': { kind: 'heads', id: 4, from: beginning, channels: [channel] },
    'heads from a cursor, of which less is stored': {
      kind: 'heads',
      id: 6,
      from: { store, position: 3, hash: two.runningHash },
      channels: [channel],
      stored: { store, position: 2, hash: one.runningHash },
    },
    'heads, by a reader that is connected to two senders': {
      kind: 'heads',
      id: 7,
      channels: [channel],
      direct: [sender.subarray(0, 8), testSigner(1).publicKey.subarray(0, 8)],
    },
    'heads since a time': { kind: 'heads', id: 8, channels: [channel], sinceMs: NOW },
    'ranges since a time': {
      kind: 'ranges',
      id: 9,
      ranges: [{ log, first: 0, last: 1 }],
      maxBytes: 1_000_000,
      sinceMs: NOW,
    },
    ranges: { kind: 'ranges', id: 5, ranges: [{ log, first: 0, last: 1 }], maxBytes: 1_000_000 },
  }
  const responses: Record<string, SyncResponse> = {
    'heads, more to come': {
      kind: 'heads',
      id: 1,
      next: { store, position: 3, hash: two.runningHash },
      more: true,
      reset: false,
      heads: [{ sender, channel, run, position: 2, hash: two.batchHash }],
    },
    'heads, with the time': {
      kind: 'heads',
      id: 7,
      next: { store, position: 3, hash: two.runningHash },
      more: false,
      reset: false,
      heads: [],
      timeMs: NOW,
    },
    'no heads, after a reset': { kind: 'heads', id: 2, next: beginning, more: false, reset: true, heads: [] },
    'ranges, more to come': {
      kind: 'ranges',
      id: 5,
      batches: [await signBatchBytes(encodeBatch(firstBatch), 1)],
      denied: [],
      pruned: [],
      done: false,
    },
    'ranges, the last response': {
      kind: 'ranges',
      id: 5,
      batches: [],
      denied: [{ log, first: 5, last: Number.MAX_SAFE_INTEGER }],
      pruned: [{ log, first: 3, last: 4 }],
      done: true,
    },
    'a refusal': { kind: 'error', id: 6, error: 'bad-request' },
  }
  return toJson({
    order,
    requests: Object.entries(requests).map(([name, value]) => ({
      name,
      value,
      bytes: encodeSyncRequest(value),
    })),
    responses: Object.entries(responses).map(([name, value]) => ({
      name,
      value,
      bytes: encodeSyncResponse(value),
    })),
  })
}
