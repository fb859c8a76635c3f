import {
  encodeLogId,
  equalBytes,
  type LogId,
  MAX_DIRECT_LIFETIME_MS,
  RUNNING_HASH_BYTES,
} from '@pastel-mesh/protocol'
import type { ArrivalOrder } from './arrival-order.ts'
import type { ArrivalReader } from './arrival-reader.ts'
import { type ArrivalRecord, sizeOfArrival } from './arrival-record.ts'
import type { CommitWriter } from './commit-writer.ts'
import type { Counters } from './counters.ts'
import type { Database, Operation } from './database.ts'
import { deleteEntry } from './entry-operations.ts'
import {
  arrivalKey,
  LOGS,
  logKey,
  metaKey,
  ownTipKey,
  PASSED_PLACES,
  passedKey,
  readNumber,
  writeNumber,
} from './keys.ts'
import type { LogOrder } from './log-order.ts'
import { decodeLogState, type LogState } from './log-state.ts'
import type { LogTable } from './log-table.ts'
import type { LostRanges } from './lost-ranges.ts'
import type { OrderCommit } from './order-commit.ts'
import { CHUNK_ENTRIES, type Removal, Removals } from './removals.ts'
import { removeDue } from './remove-due.ts'
import { type Holder, holdersOf, shareOf } from './shares.ts'
import { aboutOf, type StoredEntry, toArrivalRecord, toStoredEntry } from './stored-entry.ts'
import { isInbox, isInboxOfAnother, type Undelivered } from './undelivered.ts'

/** What is kept, and for how long. */
export interface RetentionRules {
  /** What came earlier is removed, in ms since 1970. */
  readonly receivedBeforeMs: number
  /** Bytes of entries that are kept at most; of those who take the most the oldest go first. */
  readonly maxBytes: number
  /** The node's own public key: what it wrote and nobody else has yet is kept, and what is for others' inboxes. */
  readonly own: Uint8Array
  /** @default Date.now() */
  readonly nowMs?: number
  readonly signal?: AbortSignal
}

export interface Pruned {
  readonly entries: number
  readonly sizeBytes: number
  /** Batches that the rules would remove and that are kept, because who is to have them has them not yet. */
  readonly pinned: number
}

/** A place in the order below which entries may have been removed. */
export interface Floor {
  readonly position: number
  readonly runningHash: Uint8Array
}

export interface RetentionComponents {
  readonly database: Database
  readonly writer: CommitWriter
  readonly reader: ArrivalReader
  readonly logs: LogTable
  readonly logOrder: LogOrder
  readonly commit: OrderCommit
  readonly lost: LostRanges
  readonly order: ArrivalOrder
  readonly undelivered: Undelivered
  readonly counters: Counters
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * The state of a log, which tells that its batches are not new, outlives them by so much. Of older ones only a
 * time is kept: batches of unknown logs that were made before it are not new.
 */
const FORGET_LOGS_AFTER_MS = 30 * 24 * 60 * 60_000

const NO_FLOOR: Floor = { position: 0, runningHash: new Uint8Array(RUNNING_HASH_BYTES) }

/** Removes what is older, or more, than is to be kept. */
export class Retention {
  readonly #parts: RetentionComponents
  #floor = NO_FLOOR
  /** By channel: how far some member has read. Own batches below are not pinned. */
  readonly #passed = new Map<string, number>()
  /** Those of which the disk does not know yet. */
  readonly #moved = new Set<string>()
  #running: Promise<unknown> = Promise.resolve()
  #removals = 0

  constructor(components: RetentionComponents) {
    this.#parts = components
  }

  get floor(): Floor {
    return this.#floor
  }

  /** Changes when entries begin to be removed, and when they are. */
  readonly removals = (): number => this.#removals

  /** Reads from the disk what it knew. */
  async load(): Promise<void> {
    const { database, logOrder } = this.#parts
    const floor = await database.get(metaKey('floor'))
    this.#floor =
      floor === undefined ? NO_FLOOR : { position: readNumber(floor, 0), runningHash: floor.subarray(8) }
    const before = await database.get(metaKey('pruned-before'))
    logOrder.prunedBeforeMs = before === undefined ? 0 : readNumber(before, 0)
    for await (const [key, value] of database.iterate(PASSED_PLACES)) {
      const channel = key.toString('utf8', 1)
      this.#passed.set(channel, Math.max(this.#passed.get(channel) ?? 0, readNumber(value, 0)))
    }
  }

  /** A member has read a channel up to a position of this order. */
  passed(channel: string, position: number): void {
    if (position <= (this.#passed.get(channel) ?? 0)) return
    this.#passed.set(channel, position)
    this.#moved.add(channel)
  }

  /** Up to which position some member has read a channel. */
  passedTo(channel: string): number {
    return this.#passed.get(channel) ?? 0
  }

  /** Lets go of what has to get to inboxes and is delivered or has expired. @throws StorageError */
  async removeDue(): Promise<void> {
    await this.#alone(() => removeDue(this.#parts, Date.now()))
  }

  /** Removes what the rules say. @throws StorageError; the signal's reason */
  prune(rules: RetentionRules): Promise<Pruned> {
    return this.#alone(() => this.#prune(rules))
  }

  /** One run at a time: two that find the same would both release what it takes. */
  #alone<T>(run: () => Promise<T>): Promise<T> {
    const running = this.#running.then(run)
    this.#running = running.catch(() => {})
    return running
  }

  async #prune(rules: RetentionRules): Promise<Pruned> {
    const nowMs = rules.nowMs ?? Date.now()
    await this.#rememberPassed(rules.own)
    const pruned = { ...(await removeDue(this.#parts, nowMs)), pinned: 0 }
    // What is too old makes room first.
    await this.#pruneOld(rules, nowMs, pruned)
    if (this.#parts.commit.stored.sizeBytes > rules.maxBytes) await this.#pruneLargest(rules, nowMs, pruned)
    await this.#forgetLogs(nowMs - FORGET_LOGS_AFTER_MS, rules.own)
    return pruned
  }

  /** Whatever is too old. */
  async #pruneOld(rules: RetentionRules, nowMs: number, pruned: Mutable<Pruned>): Promise<void> {
    const { order, reader } = this.#parts
    const removals = new Removals((some) => this.#remove(some, pruned))
    const to = order.end
    for await (const record of reader.records({ to, ...signalOf(rules) })) {
      // The last entry carries the running hash on.
      if (record.receivedAtMs >= rules.receivedBeforeMs || record.position + record.count >= to) break
      const entry = toStoredEntry(record)
      if (entry !== undefined && (await this.#isPinned(entry, rules.own, nowMs))) {
        if (entry.kind === 'batch') pruned.pinned += 1
        continue
      }
      // Now, for it takes a look at the messages, and not for the whole chunk at once.
      await removals.add(await this.#toRemoval(record, entry))
    }
    await removals.flush()
  }

  /**
   * The oldest of those who take the most, until all that is stored now has room: whoever writes much removes its own,
   * and nothing of those who write little. What of somebody may not go takes its room, and the others share what is left.
   */
  async #pruneLargest(rules: RetentionRules, nowMs: number, pruned: Mutable<Pruned>): Promise<void> {
    const { commit, counters, order } = this.#parts
    const to = order.end
    let holders = holdersOf(counters.storedBySender(), commit.stored.sizeBytes)
    let room = rules.maxBytes
    let before: number
    do {
      before = holders.length
      const share = shareOf(holders, room)
      for (const holder of holders) {
        if (holder.sizeBytes > share) await this.#pruneHolder(holder, { share, to, rules, nowMs }, pruned)
        // Nothing more of it may go.
        if (holder.sizeBytes > share) room -= holder.sizeBytes
      }
      holders = holders.filter(({ sizeBytes }) => sizeBytes <= share)
    } while (holders.length < before)
  }

  /** The oldest of one, until it has no more than its share. */
  async #pruneHolder(
    holder: Holder,
    { share, to, rules, nowMs }: { share: number; to: number; rules: RetentionRules; nowMs: number },
    pruned: Mutable<Pruned>,
  ): Promise<void> {
    const removals = new Removals((some) => this.#remove(some, pruned))
    for await (const [record, entry] of this.#entriesOf(holder, { to, ...signalOf(rules) })) {
      holder.from = record.position
      if (holder.sizeBytes <= share || record.position + record.count >= to) break
      if (entry !== undefined && (await this.#isPinned(entry, rules.own, nowMs))) {
        // Those that are too old as well are counted already.
        if (entry.kind === 'batch' && record.receivedAtMs >= rules.receivedBeforeMs) pruned.pinned += 1
        continue
      }
      const removal = await this.#toRemoval(record, entry)
      holder.sizeBytes -= removal.sizeBytes
      await removals.add(removal)
    }
    await removals.flush()
  }

  async *#entriesOf(
    { sender, from }: Holder,
    range: { to: number; signal?: AbortSignal },
  ): AsyncGenerator<[ArrivalRecord, StoredEntry | undefined]> {
    const { counters, reader } = this.#parts
    if (sender !== undefined) {
      for await (const entry of reader.read({ sender, from, ...range })) yield [toArrivalRecord(entry), entry]
      return
    }
    for await (const record of reader.records({ from, ...range })) {
      const entry = toStoredEntry(record)
      if (entry === undefined || !counters.hasOwn(aboutOf(entry).sender)) yield [record, entry]
    }
  }

  async #rememberPassed(own: Uint8Array): Promise<void> {
    const gone: string[] = []
    for (const channel of this.#passed.keys()) if (!(await this.#hasAny(own, channel))) gone.push(channel)
    for (const channel of gone) {
      this.#passed.delete(channel)
      this.#moved.delete(channel)
    }
    const moved = [...this.#moved]
    await this.#parts.writer.commit((operations) => {
      for (const channel of gone) operations.push({ type: 'del', key: passedKey(channel) })
      for (const channel of moved) {
        const value = numberValue(this.#passed.get(channel) ?? 0)
        operations.push({ type: 'put', key: passedKey(channel), value })
      }
    })
    for (const channel of moved) this.#moved.delete(channel)
  }

  /** Whether anything of a sender is left in a channel: if not, what it writes next is behind every place. */
  async #hasAny(sender: Uint8Array, channel: string): Promise<boolean> {
    for await (const _ of this.#parts.reader.read({ sender, channel, to: this.#parts.order.end })) return true
    return false
  }

  /**
   * Own batches to a topic that nobody else is known to have; what has to get to somebody else's inbox, and what says
   * that something before it is missing, for that may still come.
   */
  async #isPinned(entry: StoredEntry, own: Uint8Array, nowMs: number): Promise<boolean> {
    if (entry.kind !== 'batch') {
      const isOver = entry.receivedAtMs + MAX_DIRECT_LIFETIME_MS <= nowMs
      return !isOver && entry.kind === 'before-history' && isInboxOfAnother(entry.channel, own)
    }
    const { sender, channel, expiresAtMs } = entry.signed.batch
    if (expiresAtMs !== 0 && expiresAtMs <= nowMs) return false
    if (isInboxOfAnother(channel, own)) return this.#parts.undelivered.has(entry)
    if (!equalBytes(sender, own) || isInbox(channel)) return false
    return entry.position + entry.count > (this.#passed.get(channel) ?? 0)
  }

  async #toRemoval(record: ArrivalRecord, entry: StoredEntry | undefined): Promise<Removal> {
    const { position, count, runningHash } = record
    const operations: Operation[] =
      entry === undefined ? [{ type: 'del', key: arrivalKey(position) }] : deleteEntry(entry)
    // With the entry that says that a range is lost goes what remembers that it may turn up.
    if (entry !== undefined && entry.kind !== 'batch')
      operations.push(...(await this.#parts.lost.deleteWithin(entry)))
    const about = entry && { kind: entry.kind, sender: new Uint8Array(aboutOf(entry).sender) }
    return { entry: about, position, count, runningHash, sizeBytes: sizeOfArrival(record), operations }
  }

  async #remove(entries: readonly Removal[], pruned: Mutable<Pruned>): Promise<void> {
    const sizeBytes = entries.reduce((sum, one) => sum + one.sizeBytes, 0)
    const last = entries.at(-1) as Removal
    const end = last.position + last.count
    const floor = end > this.#floor.position ? { position: end, runningHash: last.runningHash } : this.#floor
    const batches = entries.filter(({ entry }) => entry?.kind === 'batch')
    const messages = batches.reduce((sum, { count }) => sum + count, 0)
    const shares = entries.flatMap(({ entry, sizeBytes }) => (entry ? [{ ...entry, sizeBytes }] : []))
    await this.#parts.writer.commit((operations) => {
      // At once: a cursor that is looked at while this is written must not take what is gone for foreign.
      this.#floor = floor
      this.#removals += 1
      if (batches.length < shares.length) this.#parts.lost.removing()
      for (const entry of entries) operations.push(...entry.operations)
      this.#parts.commit.release({ sizeBytes, batches: batches.length, messages }, shares, operations)
      operations.push({ type: 'put', key: metaKey('floor'), value: encodeFloor(floor) })
    })
    this.#removals += 1
    this.#parts.order.tail.dropBefore(end)
    pruned.entries += shares.length
    pruned.sizeBytes += sizeBytes
  }

  /** Forgets logs that ended long ago, of which nothing is stored and nothing more can turn up. */
  async #forgetLogs(beforeMs: number, own: Uint8Array): Promise<void> {
    const { database, logs, logOrder, writer, lost } = this.#parts
    const forgotten: LogState[] = []
    for await (const [key, value] of database.iterate(LOGS)) {
      const bytes = key.subarray(1)
      const state = decodeLogState(encodeLogId(bytes), bytes, value)
      // Nobody looks for what is missing before something that is carried: its log can be unknown again.
      const isCarried = isInboxOfAnother(state.channel, own) && !state.isFrozen
      const endedAtMs = endOf(state) ?? (isCarried ? state.headCreatedAtMs : undefined)
      if (endedAtMs === undefined || endedAtMs >= beforeMs) continue
      // In this order: the last batch that was lost may come between the two.
      if ((await lost.hasAny(state, 0, state.next)) || !(await this.#isEmpty(state))) continue
      const tip = await database.get(ownTipKey(state.sender, state.channel))
      if (tip !== undefined && equalBytes(tip, state.run)) continue
      forgotten.push(state)
      if (forgotten.length === CHUNK_ENTRIES) break
    }
    if (forgotten.length === 0) return
    const before = Math.max(logOrder.prunedBeforeMs, ...forgotten.map((state) => endOf(state) ?? 0))
    await writer.commit((operations) => {
      // At once: what comes while this is written must not take what is forgotten for new.
      logOrder.prunedBeforeMs = before
      operations.push({ type: 'put', key: metaKey('pruned-before'), value: numberValue(before) })
      for (const state of forgotten) {
        if (logs.forget(state)) operations.push({ type: 'del', key: logKey(state.bytes) })
      }
    })
  }

  async #isEmpty({ id, next }: { id: LogId; next: number }): Promise<boolean> {
    for await (const _ of this.#parts.reader.readLog({ log: id, first: 0, last: next })) return false
    return true
  }
}

function signalOf({ signal }: RetentionRules): Pick<RetentionRules, 'signal'> {
  return signal === undefined ? {} : { signal }
}

/** No batch of a log is younger; undefined: it may still go on. */
function endOf({ successor, headCreatedAtMs }: LogState): number | undefined {
  return successor === undefined ? undefined : Math.max(headCreatedAtMs, successor.createdAtMs)
}

function encodeFloor({ position, runningHash }: Floor): Buffer {
  return Buffer.concat([numberValue(position), runningHash])
}

function numberValue(number: number): Buffer {
  const value = Buffer.allocUnsafe(8)
  writeNumber(value, number, 0)
  return value
}
