import { type MessageContent, openBatch, type SignedBatch } from '@pastel-mesh/protocol'
import type { ArrivalOrder } from './arrival-order.ts'
import { type Notice, noticeHash } from './arrival-record.ts'
import type { CommitWriter } from './commit-writer.ts'
import type { Operation } from './database.ts'
import { putEntry } from './entry-operations.ts'
import { logKey, metaKey, readNumber, writeNumber } from './keys.ts'
import { encodeLogState, type LogNames, type LogState } from './log-state.ts'
import type { LogTable } from './log-table.ts'
import type { LostRanges } from './lost-ranges.ts'
import { isViewOfMore, type StoredEntry, toStoredBatch, toStoredNotice } from './stored-entry.ts'

/** An entry to be: a batch, or a range that the order goes on without. */
export type Planned =
  | {
      readonly batch: SignedBatch
      readonly lostAt?: number
      readonly messages?: readonly MessageContent[] | undefined
    }
  | {
      readonly notice: Notice
      readonly names: LogNames
      /** The range may still turn up; what is known of the batch before it. */
      readonly remember?: { readonly previous?: Uint8Array }
    }

/** Everything that one step of the order writes, together. */
export interface Step {
  readonly entries: readonly Planned[]
  /** The logs as they are after it. */
  readonly states: readonly LogState[]
  readonly operations?: readonly Operation[]
}

export interface OrderCommitComponents {
  readonly writer: CommitWriter
  readonly order: ArrivalOrder
  readonly logs: LogTable
  readonly lost: LostRanges
}

/** Writes steps of the arrival order: entries, their indexes, the states of their logs, in one commit. */
export class OrderCommit {
  readonly #components: OrderCommitComponents
  /** Bytes of the entries that are stored: ahead of the disk by the commits in flight. */
  #storedBytes = 0

  constructor(components: OrderCommitComponents) {
    this.#components = components
  }

  /** Bytes of the stored entries, without the database's own. */
  get storedBytes(): number {
    return this.#storedBytes
  }

  /** Begins with what is on disk. */
  reset(storedBytes: Buffer | undefined): void {
    this.#storedBytes = storedBytes === undefined ? 0 : readNumber(storedBytes, 0)
  }

  /**
   * Inside a consultation of the logs: nothing may come between what was judged and this.
   * @returns the entries, when they are on disk
   */
  write({ entries, states, operations = [] }: Step): Promise<StoredEntry[]> {
    const { writer, order, logs } = this.#components
    if (!writer.isOpen) throw writer.unavailable()
    const finish = states.map((state) => logs.begin(state))
    const kept = entries.map(withoutRest)
    const committed = writer.commit((group) => {
      const taken = kept.map((planned) => this.#take(planned, group))
      for (const state of states) {
        group.push({ type: 'put', key: logKey(state.bytes), value: encodeLogState(state) })
      }
      group.push(...operations)
      if (taken.length > 0) group.push(this.#putStoredBytes())
      return taken
    })
    return committed.then((taken) => {
      for (const done of finish) done()
      for (const entry of taken) order.append(entry)
      return taken
    })
  }

  /** Entries were removed, in the commit that is being put together. */
  release(sizeBytes: number): Operation {
    this.#storedBytes -= sizeBytes
    return this.#putStoredBytes()
  }

  #take(planned: Planned, group: Operation[]): StoredEntry {
    const { order, lost } = this.#components
    let entry: StoredEntry
    if ('batch' in planned) {
      const { batch, lostAt, messages } = planned
      entry = toStoredBatch(order.take(batch.batch.count, batch.hash), batch, { lostAt, messages })
    } else {
      const { notice, names, remember } = planned
      entry = toStoredNotice(order.take(1, noticeHash(notice)), notice)
      if (remember !== undefined) {
        const { first, last, reason } = notice
        const isWanted = reason !== 'before-history'
        const range = { log: names.id, bytes: names.bytes, first, last, next: first, isWanted }
        group.push(lost.put({ ...range, lostAt: entry.position, ...remember }))
      }
    }
    const operations = putEntry(entry)
    const [arrival] = operations
    if (arrival?.type === 'put') this.#storedBytes += arrival.value.length
    group.push(...operations)
    return entry
  }

  #putStoredBytes(): Operation {
    const value = Buffer.allocUnsafe(8)
    writeNumber(value, this.#storedBytes, 0)
    return { type: 'put', key: metaKey('bytes'), value }
  }
}

/** A batch that is a small part of a larger buffer is copied, for it stays in memory for a while. */
function withoutRest(planned: Planned): Planned {
  if (!('batch' in planned) || !isViewOfMore(planned.batch)) return planned
  const { messages: _, ...rest } = planned
  return { ...rest, batch: openBatch(new Uint8Array(planned.batch.envelope)) }
}
