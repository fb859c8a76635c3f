import { equalBytes, type SignedBatch } from '@pastel-mesh/protocol'
import type { Evidence } from './alerts.ts'
import type { ArrivalReader } from './arrival-reader.ts'
import { extendLog } from './chain.ts'
import { namesOf } from './log-state.ts'
import type { LogTable } from './log-table.ts'
import type { LostRange, LostRanges } from './lost-ranges.ts'
import type { OrderCommit } from './order-commit.ts'
import type { Placement, PlaceOptions } from './placement.ts'
import type { StoredBatch } from './stored-entry.ts'

export interface LateBatchesComponents {
  readonly reader: ArrivalReader
  readonly logs: LogTable
  readonly lost: LostRanges
  readonly commit: OrderCommit
  /** @throws StorageError ERR_DISK_RESERVE */
  readonly assertRoom: () => void
}

/** What became of a batch of a lost range; undefined: another look is needed. */
export type LateOutcome =
  | Placement
  | { readonly contradiction: { readonly reason: string; readonly evidence: Evidence } }
  | undefined

/**
 * Batches of ranges that were given up for lost, and turn up after all: they enter at the end of the order, in
 * sequence with the rest of their range, if they fit what is stored around it.
 */
export class LateBatches {
  readonly #parts: LateBatchesComponents
  /** One after the other: they are few. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(components: LateBatchesComponents) {
    this.#parts = components
  }

  /** @param position a position of the lost range */
  enter(signed: SignedBatch, position: number, options: PlaceOptions): Promise<LateOutcome> {
    const turn = this.#last.then(() => this.#enter(signed, position, options))
    this.#last = turn.catch(() => {})
    return turn
  }

  async #enter(
    signed: SignedBatch,
    position: number,
    { wantedSinceMs = 0, messages }: PlaceOptions,
  ): Promise<LateOutcome> {
    const { logs, lost, commit } = this.#parts
    const { batch } = signed
    const names = namesOf(signed)
    const range = await lost.find(names, position)
    // Another copy was faster.
    if (range === undefined || range.next > batch.first) return undefined
    if (batch.createdAtMs < wantedSinceMs) return { status: 'pruned' }
    if (batch.first > range.next) {
      return { status: 'gap', missing: { ...names, first: range.next, last: batch.first - 1 } }
    }
    const contradiction = await this.#contradiction(signed, range)
    if (contradiction !== undefined) return { contradiction }
    const begun = await logs.consult([names], ([state]) => {
      if (state === undefined || state.isFrozen) return undefined
      this.#parts.assertRoom()
      const extended = extendLog(signed, state)
      const isHead = extended.stored > state.stored
      const states = isHead ? [{ ...extended, next: state.next }] : []
      const operations = [lost.advance(range, extended.next, signed.hash)]
      const entries = [{ batch: signed, lostAt: range.lostAt, messages }]
      const written = commit.write({ entries, states, operations })
      return { committed: written.then(([entry]) => entry as StoredBatch) }
    })
    if (begun === undefined) return undefined
    await begun.committed
    return { status: 'appended', ...begun }
  }

  /** How a late batch contradicts what is stored before and behind its range. */
  async #contradiction(
    signed: SignedBatch,
    range: LostRange,
  ): Promise<{ reason: string; evidence: Evidence } | undefined> {
    const { reader } = this.#parts
    const { previous, first, count } = signed.batch
    const end = first + count
    const of = (reason: string, rival: StoredBatch | undefined) => ({
      reason,
      evidence: rival === undefined ? [signed.envelope] : [rival.envelope, signed.envelope],
    })
    if (end - 1 > range.last) {
      const rival = await reader.batchWithin(signed.logBytes, range.last + 1, range.last + 1)
      return of('it reaches over what is stored behind it', rival)
    }
    if (range.previous !== undefined && !equalBytes(previous, range.previous)) {
      const rival = await reader.batchWithin(signed.logBytes, first - 1, first - 1)
      return of('it names another predecessor than the one that is stored', rival)
    }
    if (end - 1 < range.last) return undefined
    const behind = await this.#batchBehind(signed, end)
    if (behind === undefined || equalBytes(behind.signed.batch.previous, signed.hash)) return undefined
    return of('the batch behind it names another predecessor', behind)
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
