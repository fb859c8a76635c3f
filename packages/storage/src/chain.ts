import { equalBytes, type SignedBatch } from '@pastel-mesh/protocol'
import { followedBy, type LogNames, type LogState, namesOf, newLog } from './log-state.ts'

/** Positions of a log of which a signed batch proves that they exist, and which are not here. */
export interface Missing extends LogNames {
  readonly first: number
  readonly last: number
}

/** What is stored at the place before a batch, where the log's state does not tell. */
export type Earlier =
  /** The batch that ends there. */
  | { readonly kind: 'batch'; readonly hash: Uint8Array; readonly createdAtMs: number }
  /** A batch that goes on beyond it. */
  | { readonly kind: 'inside' }
  /** Nothing: it is lost, or not kept any more. */
  | { readonly kind: 'nothing' }

/** What a batch is to the log that it names. */
export type ChainVerdict =
  /** It continues the log. `fork`: but its sender's runs branch here. */
  | { readonly verdict: 'next'; readonly fork?: string }
  /** Its positions are taken: by itself, by a batch that contradicts it, or as lost. */
  | { readonly verdict: 'taken' }
  /** Messages before it are missing. */
  | { readonly verdict: 'gap'; readonly missing: Missing }
  /** It contradicts what its sender signed before: its log is to be frozen. */
  | { readonly verdict: 'contradiction'; readonly reason: string }
  /** Its log is frozen. */
  | { readonly verdict: 'frozen' }
  /** To be judged again, with what is stored at the end of what it follows. */
  | { readonly verdict: 'look'; readonly log: LogNames; readonly last: number }

/**
 * Judges a batch by its log's state and, at position 0, by the state of the log that it follows and by what is
 * stored there. Pure: the rules of ordering are all here.
 *
 * - A log goes on where everything before is resolved: stored, or lost.
 * - A stored predecessor must be the one that the batch names by its hash, and not younger than the batch.
 * - A predecessor that is lost, pruned or in a frozen log is resolved, and proves nothing.
 * - A run that follows an earlier place than the end of the one before it, or one that another run follows as
 *   well, is taken in: a restored backup and a copied folder write so. It is reported.
 */
export function judgeChain(
  signed: SignedBatch,
  state: LogState | undefined,
  followed: LogState | undefined,
  earlier?: Earlier,
): ChainVerdict {
  const { batch } = signed
  if (state?.isFrozen === true) return { verdict: 'frozen' }
  const next = state?.next ?? 0
  if (batch.first < next) return { verdict: 'taken' }
  if (batch.first > next) {
    const names = namesOf(signed)
    return { verdict: 'gap', missing: missing(names, next, batch.first - 1) }
  }
  if (state !== undefined) return judgeWithin(signed, state)
  if (batch.follows === undefined) return { verdict: 'next' }
  return judgeFollowing(signed, followedBy(signed) as LogNames, batch.follows.head, followed, earlier)
}

function judgeWithin(signed: SignedBatch, state: LogState): ChainVerdict {
  const isKnown = state.stored === state.next
  const reason = isKnown ? contradiction(signed, state.headHash, state.headCreatedAtMs) : undefined
  if (reason !== undefined) return { verdict: 'contradiction', reason }
  const { successor } = state
  if (successor === undefined || successor.head >= signed.batch.first) return { verdict: 'next' }
  return { verdict: 'next', fork: 'a run goes on after another had followed it' }
}

function judgeFollowing(
  signed: SignedBatch,
  names: LogNames,
  head: number,
  followed: LogState | undefined,
  earlier: Earlier | undefined,
): ChainVerdict {
  if (followed?.isFrozen === true) return { verdict: 'next' }
  const next = followed?.next ?? 0
  if (followed === undefined || next <= head) {
    return { verdict: 'gap', missing: missing(names, next, head) }
  }
  let fork: string | undefined
  if (followed.stored === head + 1) {
    const reason = contradiction(signed, followed.headHash, followed.headCreatedAtMs)
    if (reason !== undefined) return { verdict: 'contradiction', reason }
  } else if (followed.stored > head + 1) {
    if (earlier === undefined) return { verdict: 'look', log: names, last: head }
    const reason = contradictionOf(signed, earlier)
    if (reason !== undefined) return { verdict: 'contradiction', reason }
  }
  if (next > head + 1) fork = 'a run follows another at a place that was not its end'
  const { successor } = followed
  if (successor !== undefined && !equalBytes(successor.log, signed.logBytes)) {
    fork ??= 'two runs follow the same one'
  }
  return fork === undefined ? { verdict: 'next' } : { verdict: 'next', fork }
}

export const OTHER_PREDECESSOR = 'it names another predecessor than the one that is stored'

/** How a batch contradicts what is stored at the end of what it goes on from. */
export function contradictionOf(signed: SignedBatch, earlier: Earlier): string | undefined {
  if (earlier.kind === 'inside') return 'it follows another run in the middle of a batch'
  return earlier.kind === 'batch' ? contradiction(signed, earlier.hash, earlier.createdAtMs) : undefined
}

function contradiction({ batch }: SignedBatch, hash: Uint8Array, createdAtMs: number): string | undefined {
  if (!equalBytes(batch.previous, hash)) return OTHER_PREDECESSOR
  if (batch.createdAtMs < createdAtMs) return 'it is older than its predecessor'
  return undefined
}

function missing(names: LogNames, first: number, last: number): Missing {
  const { id, bytes, sender, channel, run } = names
  return { id, bytes, sender, channel, run, first, last }
}

/** The state of a log after a batch that continues it. */
export function extendLog(signed: SignedBatch, state: LogState | undefined): LogState {
  const { batch, hash } = signed
  const end = batch.first + batch.count
  return {
    ...(state ?? newLog(namesOf(signed))),
    next: end,
    stored: end,
    headHash: new Uint8Array(hash),
    headCreatedAtMs: batch.createdAtMs,
  }
}

/** The state of a log after a range at its end that it goes on without. */
export function skipRange(names: LogNames, state: LogState | undefined, last: number): LogState {
  return { ...(state ?? newLog(names)), next: last + 1 }
}
