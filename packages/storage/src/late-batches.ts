import { equalBytes, type SignedBatch } from '@pastel-mesh/protocol'
import type { Evidence } from './alerts.ts'
import type { ArrivalReader } from './arrival-reader.ts'
import { contradictionOf, extendLog, type Missing, OTHER_PREDECESSOR, skipRange } from './chain.ts'
import type { CommitWriter } from './commit-writer.ts'
import { evidenceAgainst } from './evidence-against.ts'
import type { HeldBatches } from './held-batches.ts'
import { followedBy, type LogState, namesOf } from './log-state.ts'
import type { LogTable } from './log-table.ts'
import type { LostRange, LostRanges } from './lost-ranges.ts'
import { type OrderCommit, type Planned, plannedBatch } from './order-commit.ts'
import type { Placement, PlaceOptions } from './placement.ts'
import { followedUp, skipped } from './skipped-range.ts'
import type { StoredBatch } from './stored-entry.ts'
import type { StoredValues } from './values.ts'

export interface LateBatchesComponents {
  readonly writer: CommitWriter
  readonly held: HeldBatches
  readonly reader: ArrivalReader
  readonly logs: LogTable
  readonly lost: LostRanges
  readonly commit: OrderCommit
  readonly values: StoredValues
  /** @throws StorageError ERR_DISK_RESERVE */
  readonly assertRoom: () => void
}

/** What became of a batch of a lost range; undefined: another look is needed. */
export type LateOutcome =
  | Placement
  | { readonly contradiction: { readonly reason: string; readonly evidence: Evidence } }
  /** It begins a run, and what it proves of the one before is missing: it waits for that. */
  | { readonly hold: Missing }
  | undefined

interface Begun {
  readonly committed: Promise<StoredBatch>
}

/**
 * Batches of ranges that were given up for lost, and turn up after all: they enter at the end of the order as they
 * come, for what is before them may be gone for good, if they fit what is stored around them.
 */
export class LateBatches {
  readonly #parts: LateBatchesComponents
  /** One after the other: they are few. */
  #last: Promise<unknown> = Promise.resolve()
  #begun = 0

  constructor(components: LateBatchesComponents) {
    this.#parts = components
  }

  /** How many were begun to be written: what was found at places that had been lost may be outdated since. */
  get begun(): number {
    return this.#begun
  }

  enter(signed: SignedBatch, options: PlaceOptions): Promise<LateOutcome> {
    const turn = this.#last.then(() => this.#enter(signed, options))
    this.#last = turn.catch(() => {})
    return turn
  }

  async #enter(signed: SignedBatch, options: PlaceOptions): Promise<LateOutcome> {
    const { wantedSinceMs = 0, carried = false } = options
    const { logs, lost, held, commit, writer } = this.#parts
    const { batch } = signed
    const names = namesOf(signed)
    // What is judged by is read from the disk, which memory is ahead of.
    const followedNames = followedBy(signed)
    const consulted = followedNames === undefined ? [names] : [names, followedNames]
    const [before, followedBefore] = await logs.consult(consulted, (states) => states)
    await writer.flush()
    const { removals } = lost
    // As it is now: others of its turn may have taken parts of it.
    const range = await lost.find(names, batch.first)
    // Another copy was faster.
    if (range === undefined || range.next > batch.first) return undefined
    if (!carried && batch.createdAtMs < wantedSinceMs) return { status: 'pruned' }
    const contradiction =
      (await this.#contradictionBefore(signed, range, followedBefore)) ??
      (await this.#contradictionBehind(signed, range))
    if (contradiction !== undefined) return { contradiction }
    const begun = await logs.consult(
      consulted,
      ([state, followed]): Begun | { hold: Missing } | undefined => {
        if (state === undefined || state.isFrozen) return undefined
        if (hasNewBehind(signed, before, state) || lost.removals !== removals) return undefined
        // It was not judged by what has come there since.
        const head = batch.follows?.head ?? 0
        if ((followed?.next ?? 0) > head && (followedBefore?.next ?? 0) <= head) return undefined
        // What is held takes its room already.
        if (!held.has(signed)) this.#parts.assertRoom()
        // Before memory is changed for a commit, for it may be refused.
        if (!writer.isOpen) throw writer.unavailable()
        const extended = extendLog(signed, state)
        const entries: Planned[] = []
        let resolved = followed
        const next = followed?.next ?? 0
        if (followedNames !== undefined && followed?.isFrozen !== true && next <= head) {
          if (!carried) return { hold: { ...followedNames, first: next, last: head } }
          entries.push(skipped(followedNames, followed, head, 'before-history', true))
          resolved = skipRange(followedNames, followed, head)
        }
        const taken = this.#parts.values.take(options.values ?? [])
        const isHead = extended.stored > state.stored
        const states = isHead ? [{ ...extended, next: state.next }] : []
        if (resolved !== undefined) states.push(followedUp(resolved, signed))
        const operations = [...taken, ...lost.take(range, batch.first, extended.next, signed.hash)]
        const waiting = held.has(signed) ? held.overlapping(signed) : undefined
        if (waiting !== undefined) operations.push(...held.remove(waiting))
        entries.push(plannedBatch(signed, options, range.lostAt))
        this.#begun += 1
        const written = commit.write({ entries, states, operations })
        return { committed: written.then((entries) => entries.at(-1) as StoredBatch) }
      },
    )
    if (begun === undefined || 'hold' in begun) return begun
    await begun.committed
    return { status: 'appended', ...begun }
  }

  /** How a late batch contradicts what is stored before it: in its log, or at the end of the one that it follows. */
  async #contradictionBefore(
    signed: SignedBatch,
    range: LostRange,
    followed: LogState | undefined,
  ): Promise<{ reason: string; evidence: Evidence } | undefined> {
    const { reader } = this.#parts
    const { previous, first, follows } = signed.batch
    if (first !== range.next) return undefined
    let reason: string | undefined
    if (first > 0) {
      const earlier = await reader.batchEndingAt(signed.logBytes, first - 1)
      const isOther = range.previous !== undefined && !equalBytes(previous, range.previous)
      reason = contradictionOf(signed, earlier) ?? (isOther ? OTHER_PREDECESSOR : undefined)
    } else if (follows !== undefined && followed !== undefined && !followed.isFrozen) {
      reason = contradictionOf(signed, await reader.batchEndingAt(followed.bytes, follows.head))
    }
    if (reason === undefined) return undefined
    return { reason, evidence: await evidenceAgainst(signed, this.#parts, undefined) }
  }

  /** How a late batch contradicts what is stored behind its range. */
  async #contradictionBehind(
    signed: SignedBatch,
    range: LostRange,
  ): Promise<{ reason: string; evidence: Evidence } | undefined> {
    const { reader } = this.#parts
    const { first, count, createdAtMs } = signed.batch
    const end = first + count
    const of = (reason: string, rival: StoredBatch | undefined) => ({
      reason,
      evidence: rival === undefined ? [signed.envelope] : [rival.envelope, signed.envelope],
    })
    if (end - 1 > range.last) {
      const rival = await reader.batchWithin(signed.logBytes, range.last + 1, range.last + 1)
      return of('it reaches over what is stored behind it', rival)
    }
    if (end - 1 < range.last) return undefined
    const behind = await this.#batchBehind(signed, end)
    if (behind === undefined) return undefined
    if (!equalBytes(behind.signed.batch.previous, signed.hash)) {
      return of('the batch behind it names another predecessor', behind)
    }
    const isOlder = behind.signed.batch.createdAtMs < createdAtMs
    return isOlder ? of('the batch behind it is older', behind) : undefined
  }

  /** The batch that comes after a position: of the same log, or of the one that follows it. */
  async #batchBehind(signed: SignedBatch, position: number): Promise<StoredBatch | undefined> {
    const { reader, logs } = this.#parts
    const state = await logs.load(signed.log, signed.logBytes)
    if (state !== undefined && position < state.next) {
      return reader.batchWithin(signed.logBytes, position, position)
    }
    if (state?.successor === undefined || state.successor.head !== position - 1) return undefined
    return reader.batchWithin(state.successor.log, 0, 0)
  }
}

/** Whether what comes behind a batch may have come since its log was looked at: it has not been judged by that. */
function hasNewBehind({ batch }: SignedBatch, before: LogState | undefined, now: LogState): boolean {
  const isLast = before === undefined || before.next === batch.first + batch.count
  if (!isLast) return false
  return before?.next !== now.next || (before.successor === undefined) !== (now.successor === undefined)
}
