import { equalBytes, type LogRange, logId, type SignedBatch } from '@pastel-mesh/protocol'
import type { LogState } from './records.ts'

/** What a batch is to the log that it names. */
export type ChainVerdict =
  /** It continues the log. */
  | { readonly verdict: 'next' }
  /** Its positions are taken: by itself or by a batch that contradicts it. */
  | { readonly verdict: 'taken' }
  /** Messages before it are missing. */
  | { readonly verdict: 'gap'; readonly missing: LogRange }
  /** It contradicts what its sender signed before. */
  | { readonly verdict: 'conflict'; readonly reason: string }

/**
 * Judges a batch by its log's state and, at position 0, by the state of the log that it follows.
 * Pure: the rules of ordering are all here.
 */
export function judgeChain(
  signed: SignedBatch,
  state: LogState | undefined,
  followed: LogState | undefined,
): ChainVerdict {
  const { batch } = signed
  const next = state?.next ?? 0
  if (batch.first < next) return { verdict: 'taken' }
  if (batch.first > next)
    return { verdict: 'gap', missing: { log: signed.log, first: next, last: batch.first - 1 } }
  if (state !== undefined) return judgePredecessor(signed, state)
  if (batch.follows === undefined) return { verdict: 'next' }
  const followedNext = followed?.next ?? 0
  if (followedNext <= batch.follows.head) {
    const log = logId(batch.sender, batch.channel, batch.follows.run)
    return { verdict: 'gap', missing: { log, first: followedNext, last: batch.follows.head } }
  }
  if (followedNext > batch.follows.head + 1) {
    return { verdict: 'conflict', reason: 'it follows a log at a head that was not its last' }
  }
  return judgePredecessor(signed, followed as LogState)
}

function judgePredecessor({ batch }: SignedBatch, predecessor: LogState): ChainVerdict {
  if (!equalBytes(batch.previous, predecessor.headHash)) {
    return { verdict: 'conflict', reason: 'it names another predecessor than the one that is stored' }
  }
  if (batch.createdAtMs < predecessor.headCreatedAtMs) {
    return { verdict: 'conflict', reason: 'it is older than its predecessor' }
  }
  return { verdict: 'next' }
}

/**
 * The state of a log after a batch that continues it. States outlive batches, so nothing in it is a view of
 * the batch's memory.
 */
export function extendLog(
  { batch, log, logBytes, hash }: SignedBatch,
  state: LogState | undefined,
): LogState {
  const names = state ?? {
    id: log,
    bytes: new Uint8Array(logBytes),
    sender: new Uint8Array(batch.sender),
    channel: batch.channel,
    run: new Uint8Array(batch.run),
  }
  return {
    id: names.id,
    bytes: names.bytes,
    sender: names.sender,
    channel: names.channel,
    run: names.run,
    next: batch.first + batch.count,
    headHash: new Uint8Array(hash),
    headCreatedAtMs: batch.createdAtMs,
  }
}
