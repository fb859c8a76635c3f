import { type MessageContent, openBatch, type SignedBatch } from '@pastel-mesh/protocol'
import type { ArrivalOrder } from './arrival-order.ts'
import { type Notice, noticeHash } from './arrival-record.ts'
import type { CommitWriter } from './commit-writer.ts'
import type { CountedAs, Counters } from './counters.ts'
import type { Operation } from './database.ts'
import { putEntry } from './entry-operations.ts'
import { logKey, metaKey, readNumber, writeNumber } from './keys.ts'
import { encodeLogState, type LogNames, type LogState } from './log-state.ts'
import type { LogTable } from './log-table.ts'
import type { LostRange, LostRanges } from './lost-ranges.ts'
import type { PlaceOptions } from './placement.ts'
import { isSealed } from './sealed.ts'
import { aboutOf, isViewOfMore, type StoredEntry, toStoredBatch, toStoredNotice } from './stored-entry.ts'
import { distinctTypes, typesOf } from './type-index.ts'
import type { Undelivered, UnderwayOf } from './undelivered.ts'

/** An entry to be: a batch, or a range that the order goes on without. */
export type Planned =
  | {
      readonly batch: SignedBatch
      readonly lostAt?: number | undefined
      readonly secret?: Uint8Array | undefined
      readonly messages?: readonly MessageContent[] | undefined
      /** See {@link PlaceOptions.countAs}. */
      readonly countAs?: CountedAs | undefined
      /** It has to get to an inbox, if it is to one. */
      readonly underwayOf?: UnderwayOf | undefined
    }
  | {
      readonly notice: Notice
      readonly names: LogNames
      /** The range may still turn up; what is known of the batch before it. */
      readonly remember?: Pick<LostRange, 'previous' | 'isCarried'>
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
  readonly counters: Counters
  readonly undelivered: Undelivered
}

/** What is stored: the entries' bytes without the database's own, batches, and their messages. */
export interface Stored {
  readonly sizeBytes: number
  readonly batches: number
  readonly messages: number
}

/** Bytes of an entry, and whose it is. */
export interface Share {
  readonly sender: Uint8Array
  readonly sizeBytes: number
}

/** An entry to be, with the types of its messages if they are known. */
interface Kept {
  readonly planned: Planned
  readonly types: readonly string[] | undefined
}

/** Writes steps of the arrival order: entries, their indexes, counters and the states of their logs, in one commit. */
export class OrderCommit {
  readonly #components: OrderCommitComponents
  /** Ahead of the disk by the commits in flight. */
  #stored: Stored = NOTHING

  constructor(components: OrderCommitComponents) {
    this.#components = components
  }

  get stored(): Stored {
    return this.#stored
  }

  /** Begins with what is on disk. */
  reset(stored: Buffer | undefined): void {
    this.#stored = stored === undefined ? NOTHING : decodeStored(stored)
  }

  /**
   * Inside a consultation of the logs: nothing may come between what was judged and this.
   * @returns the entries, when they are on disk
   */
  write({ entries, states, operations = [] }: Step): Promise<StoredEntry[]> {
    const { writer, order, logs } = this.#components
    if (!writer.isOpen) throw writer.unavailable()
    const finish = states.map((state) => logs.begin(state))
    const kept = entries.map(toKept)
    const committed = writer.commit((group) => {
      const notices = { carriedBytes: 0 }
      const taken = kept.map((one) => this.#take(one, group, notices))
      for (const state of states) {
        group.push({ type: 'put', key: logKey(state.bytes), value: encodeLogState(state) })
      }
      group.push(...operations)
      if (taken.length > 0) group.push(this.#putStored())
      return taken
    })
    return committed.then((taken) => {
      for (const done of finish) done()
      for (const entry of taken) order.append(entry)
      return taken
    })
  }

  /** Entries were removed, in the commit that is being put together. @param shares what of their senders went */
  release({ sizeBytes, batches, messages }: Stored, shares: Iterable<Share>, group: Operation[]): void {
    this.#add(-sizeBytes, -batches, -messages)
    for (const { sender, sizeBytes } of shares) this.#components.counters.store(sender, -sizeBytes, group)
    group.push(this.#putStored())
  }

  /** @param notices what stands before a batch that is carried takes of its sender's room as well */
  #take({ planned, types }: Kept, group: Operation[], notices: { carriedBytes: number }): StoredEntry {
    const { order, lost, counters, undelivered } = this.#components
    let entry: StoredEntry
    if ('batch' in planned) {
      const { batch, underwayOf } = planned
      const { sender, channel, count } = batch.batch
      entry = toStoredBatch(order.take(count, batch.hash), batch, planned)
      if (underwayOf !== undefined) undelivered.add(entry, underwayOf, group, notices.carriedBytes)
      const countAs = planned.countAs ?? { sender, channel }
      counters.add({ ...countAs, messages: count, bytes: batch.envelope.length }, group)
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
    const operations = putEntry(entry, types ?? typesOf(entry))
    const [arrival] = operations
    const sizeBytes = arrival?.type === 'put' ? arrival.value.length : 0
    counters.store(aboutOf(entry).sender, sizeBytes, group)
    if (entry.kind === 'batch') this.#add(sizeBytes, 1, entry.count)
    else {
      this.#add(sizeBytes, 0, 0)
      if ('notice' in planned && planned.remember?.isCarried === true) notices.carriedBytes += sizeBytes
    }
    group.push(...operations)
    return entry
  }

  #add(sizeBytes: number, batches: number, messages: number): void {
    const { stored } = this
    this.#stored = {
      sizeBytes: stored.sizeBytes + sizeBytes,
      batches: stored.batches + batches,
      messages: stored.messages + messages,
    }
  }

  #putStored(): Operation {
    return { type: 'put', key: metaKey('stored'), value: encodeStored(this.#stored) }
  }
}

const NOTHING: Stored = { sizeBytes: 0, batches: 0, messages: 0 }

function encodeStored({ sizeBytes, batches, messages }: Stored): Buffer {
  const value = Buffer.allocUnsafe(3 * 8)
  writeNumber(value, sizeBytes, 0)
  writeNumber(value, batches, 8)
  writeNumber(value, messages, 16)
  return value
}

function decodeStored(value: Buffer): Stored {
  return { sizeBytes: readNumber(value, 0), batches: readNumber(value, 8), messages: readNumber(value, 16) }
}

/** The entry of a batch that was placed. */
export function plannedBatch(
  batch: SignedBatch,
  { messages, secret, own, found, carried, countAs }: PlaceOptions,
  lostAt?: number,
): Planned {
  const underwayOf = own === true || found === true ? 'own' : carried === true ? 'others' : undefined
  return { batch, lostAt, messages, secret, underwayOf, countAs }
}

/** A batch that is a small part of a larger buffer is copied, for it stays in memory for a while. */
function toKept(planned: Planned): Kept {
  if (!('batch' in planned)) return { planned, types: [] }
  const { batch, messages, secret } = planned
  // What cannot be read after a restart cannot be found under its types when it is removed.
  const isListed = secret !== undefined || !isSealed(batch.batch)
  const types = messages === undefined || !isListed ? undefined : distinctTypes(messages, batch.batch)
  if (secret === undefined && !isViewOfMore(batch)) return { planned, types }
  return {
    planned: {
      ...planned,
      ...(secret === undefined ? {} : { secret: new Uint8Array(secret) }),
      ...(isViewOfMore(batch)
        ? { batch: openBatch(new Uint8Array(batch.envelope)), messages: undefined }
        : {}),
    },
    types,
  }
}
