/**
 * What a node keeps: the message logs, the arrival order, and the one writer of its database.
 * @packageDocumentation
 */
import type { Cursor, LogId, LogRange, SignedBatch } from '@pastel-mesh/protocol'
import type { Alert, AlertAbout, AlertKind, Evidence } from './alerts.ts'
import type { FollowOptions, ReadOptions } from './arrival-reader.ts'
import type { LostReason } from './arrival-record.ts'
import type { Missing } from './chain.ts'
import type { CommitWriter, CommitWriterComponents, CommitWriterOptions } from './commit-writer.ts'
import type { Counts, CountsPage, CountsQuery } from './counters.ts'
import type { Database } from './database.ts'
import type { Disk, DiskHealthComponents, DiskHealthOptions } from './disk-health.ts'
import type { RemovedNotice } from './follow.ts'
import type { HeadsPage } from './heads.ts'
import type { LogState } from './log-state.ts'
import type { LostQuery } from './lost-ranges.ts'
import type { Maintenance } from './maintenance.ts'
import { LevelMessageStore } from './message-store.ts'
import type { Placement, PlaceOptions } from './placement.ts'
import type { Pruned, RetentionRules } from './retention.ts'
import type { StoredBatch, StoredEntry } from './stored-entry.ts'
import type { BatchPlace, CarriedBytes, SettledRange } from './undelivered.ts'
import type { DeliveryPhase } from './underway-record.ts'
import type { ValueChange, Values } from './values.ts'

export type { Alert, AlertAbout, AlertKind, Evidence } from './alerts.ts'
export type { FollowOptions, ReadOptions } from './arrival-reader.ts'
export type { LostReason, Notice } from './arrival-record.ts'
export { noticeHash } from './arrival-record.ts'
export type { Missing } from './chain.ts'
export type { CommitWriter, CommitWriterOptions } from './commit-writer.ts'
export type { Count, CountedBy, Counts, CountsPage, CountsQuery } from './counters.ts'
export { formatCursor, nextRunningHash, parseCursor } from './cursor.ts'
export type { Database, Operation, RangeOptions } from './database.ts'
export { LevelDatabase, MAX_OPEN_FILES } from './database.ts'
export {
  DEFAULT_MIN_FREE_BYTES,
  type Disk,
  type DiskState,
  type DiskStatus,
} from './disk-health.ts'
export { StorageError } from './errors.ts'
export type { RemovedNotice } from './follow.ts'
export type { HeadsPage } from './heads.ts'
export type { LogNames, LogState } from './log-state.ts'
export type { LostQuery } from './lost-ranges.ts'
export type { Compacted, CompactOptions, Maintenance } from './maintenance.ts'
export { type MessageProof, openMessageProof, type ProofSource, readMessageProof } from './message-proof.ts'
export type { Placement, PlaceOptions } from './placement.ts'
export type { Pruned, RetentionRules } from './retention.ts'
export type { StoredBatch, StoredEntry, StoredNotice } from './stored-entry.ts'
export { carriedType } from './type-index.ts'
export type { BatchPlace, CarriedBytes, SettledRange } from './undelivered.ts'
export type { DeliveryPhase } from './underway-record.ts'
export type { ValueChange, Values, ValueWriteOptions } from './values.ts'

export interface StoreOptions extends CommitWriterOptions, DiskHealthOptions {
  /** Folder of the database; made if it is not there. One process at a time. */
  readonly directory: string
}

/** Parts of a store that can be replaced, for tests above all. */
export interface StoreComponents
  extends Pick<DiskHealthComponents, 'freeBytes'>,
    Pick<CommitWriterComponents, 'pause'> {
  /** @default LevelDB in the directory */
  readonly database?: Database
}

/**
 * Message logs and the arrival order of one node.
 *
 * After a failed commit the database is closed and opened again; until then, as before the start and after the
 * stop, everything here throws StorageError ERR_STORE_UNAVAILABLE, except `follow`, which waits. What the disk does not
 * give throws ERR_STORE_READ.
 *
 * @example
 * const store = createStore({ directory: './data/db' })
 * await store.start()
 * for await (const batch of store.read({ channel: 'topic/prices', reverse: true })) console.log(batch.position)
 * await store.stop()
 */
export interface MessageStore {
  /** The one writer of the database, for parts that keep something beside the messages. */
  readonly writer: CommitWriter
  /** The database itself, for the same parts to read; only {@link writer} writes to it. */
  readonly database: Database
  /** Small things that other parts of the node keep beside the messages. */
  readonly values: Values
  /** How the disk is. */
  readonly disk: Disk
  /** The files of the database. */
  readonly maintenance: Maintenance
  /** 16 random bytes that name this store in its cursors. */
  readonly storeId: Uint8Array
  /** The arrival order's end: the position that the next message takes. Everything below is on disk, or was. */
  readonly end: number
  /** Below this position of the arrival order, entries may have been removed by {@link prune}. */
  readonly floor: number
  /** What it stores and holds, in bytes of signed batches and their entries; the database takes somewhat more. */
  readonly sizes: {
    readonly storedBytes: number
    readonly storedBatches: number
    readonly storedMessages: number
    readonly heldBatches: number
    readonly heldBytes: number
  }

  /**
   * What was ever taken in, own batches included; what {@link prune} removed stays counted. Commits on their way
   * to the disk count already.
   */
  readonly taken: Counts
  /** The same by sender, by channel or by both: 8192, 8192 and 32768 counters, and one for all others. */
  counts(query: CountsQuery): CountsPage

  /** @throws StorageError ERR_STORE_LOCKED, ERR_STORE_OPEN, ERR_STORE_SCHEMA, ERR_COMMIT_FAILED */
  start(): Promise<void>
  stop(): Promise<void>

  /**
   * Puts a batch, its signature checked, where its log says: at the end of the arrival order if it continues
   * the log; if messages before it are missing, it is held on disk until they come or are given up. A batch
   * that is a small part of a larger buffer is copied, for it stays in memory for a while. Of batches that are
   * placed at once any may be first: to place a log's batches in order, wait for each placement (not for its
   * commit) before the next.
   * @throws StorageError ERR_STORE_UNAVAILABLE; ERR_DISK_RESERVE; ERR_COMMIT_FAILED if the commit that it had
   * to wait for failed; ERR_SECRET: the secret cannot be that of the batch; ERR_VALUE as {@link Values.write}
   */
  place(signed: SignedBatch, options?: PlaceOptions): Promise<Placement>
  /** Whether this very batch is on disk, in the order or held. */
  has(signed: SignedBatch): Promise<boolean>
  /** Waits until every held batch that need not wait any more is in the order. */
  settled(): Promise<void>
  /** What held batches wait for, `limit` ranges at most. */
  gaps(limit: number): Promise<Missing[]>
  /**
   * Ranges that were given up and may still turn up, `limit` of them at most: of all logs, or as `query` says.
   * Those from before the history that was wanted then are among them only if it is wanted now.
   */
  lostRanges(limit: number, query?: LostQuery): Promise<LogRange[]>
  /** Whether a range was here and has been removed by {@link prune}. */
  wasPruned(range: LogRange): Promise<boolean>
  /** Position of the first held message of a log, at a position or behind it. */
  firstHeld(log: LogId, from: number): number | undefined
  /**
   * Goes on without a missing range: an entry says so, and what was held behind it enters the order. Should the
   * range turn up after all, it enters at the end, naming that entry.
   * @returns the entry; undefined if the range is not missing any more
   */
  giveUp(missing: Missing, reason: LostReason): Promise<StoredEntry | undefined>
  /** What is stored of a log, including commits in flight. */
  log(id: LogId, bytes: Uint8Array): Promise<LogState | undefined>
  /** The log that this node, as `sender`, last wrote to a channel. */
  ownTip(sender: Uint8Array, channel: string): Promise<LogState | undefined>

  /** Reads what is on disk now. Whole batches: the first and the last may reach over the range. */
  read(options?: ReadOptions): AsyncGenerator<StoredEntry>
  /**
   * Reads what is on disk and then, without end, what is added; across a reopening of the database. What retention
   * removes ahead of a slow reader is said.
   * @throws StorageError ERR_STORE_UNAVAILABLE when the store is stopped; the signal's reason
   */
  follow(options?: FollowOptions): AsyncGenerator<StoredEntry | RemovedNotice>
  /** The batches that hold a range of a log, as far as they are stored. */
  readLog(range: LogRange): AsyncGenerator<StoredBatch>
  /**
   * The batch that holds a message, and the message's index in it.
   * @throws ProtocolError ERR_MESSAGE_ID
   */
  findMessage(id: string): Promise<{ stored: StoredBatch; index: number } | undefined>
  /**
   * The ends of the logs of some channels that got entries at or after a position, `limit` of them at most; without
   * those that ended before a time (in ms since 1970), so that a page may be empty and not the last.
   */
  heads(from: number, channels: readonly string[], limit: number, sinceMs?: number): Promise<HeadsPage>

  /**
   * The first position that this node took in at a time (in ms since 1970) or later; the order's end, if there is
   * none. `from` of one time and `to` of another make {@link read} give what came between the two.
   */
  positionAt(timeMs: number): Promise<number>
  /** @throws StorageError ERR_CURSOR if the order does not reach that far */
  cursorAt(position: number): Promise<Cursor>
  /** Whether a cursor is of this order; `pruned`: it is, and entries behind it may have been removed. */
  checkCursor(cursor: Cursor): Promise<'ok' | 'foreign' | 'pruned'>

  /** A member stores what is own of a topic's channel below a position of this order: it is not pinned. */
  passed(channel: string, position: number): void
  /** The highest position of which {@link passed} told for a channel; after a crash it may be an earlier one. */
  passedTo(channel: string): number
  /**
   * The recipient of an inbox has these ranges of logs to it, as its own receipt says: batches that lie within them are
   * not kept for it any more. Own ones are from now on removed like any other, those of other senders by the next
   * {@link prune}. What is not stored here is passed over. Resolves when that is on disk.
   * @param values written in the same commit
   * @returns own batches of which that was not known
   * @throws StorageError ERR_STORE_UNAVAILABLE; ERR_COMMIT_FAILED: some of them may be marked
   */
  delivered(ranges: readonly SettledRange[], values?: readonly ValueChange[]): Promise<number>
  /**
   * The recipient of an inbox has these ranges no more: what is stored here of them, has not expired and is kept still,
   * has to get there again.
   * @param own the node's own public key
   * @returns what is to be delivered now and was not before
   * @throws StorageError
   */
  reopen(ranges: readonly LogRange[], own: Uint8Array): Promise<LogRange[]>
  /** What is known of a stored batch's way to an inbox. */
  deliveryPhase(batch: BatchPlace): Promise<DeliveryPhase>
  /** Whether a stored batch to an inbox has to get there still: it is neither {@link delivered} nor removed. */
  isUndelivered(batch: BatchPlace): Promise<boolean>
  /** The logs to inboxes of others in which this node wrote what is not {@link delivered}. */
  undeliveredLogs(): Promise<LogId[]>
  /**
   * What is kept for the inboxes of others, in bytes of signed batches: exact, commits on their way to the disk included.
   */
  carriedBytes(): CarriedBytes
  /**
   * Lets go of what is kept for inboxes of others and is delivered or has expired, as {@link prune} does first: what is
   * carried is removed, own batches are not kept for anybody any more. Costs nothing if there is nothing of that.
   * @throws StorageError
   */
  removeDue(): Promise<void>
  /**
   * Removes the oldest entries. What the node itself wrote to a topic stays until {@link passed} says that somebody has
   * it, or until it expires; what is kept for the inbox of somebody else, whoever wrote it, until {@link delivered} says
   * that it is there, or until it expires. What is carried for others goes then, however young it is.
   * @throws StorageError; the signal's reason
   */
  prune(rules: RetentionRules): Promise<Pruned>

  /** What senders did that an operator should know, the newest first. */
  alerts(): Alert[]
  /** Notes something that the placer of a batch does not see; a log has one alert. @throws StorageError */
  alert(kind: AlertKind, about: AlertAbout, reason: string): Promise<void>
  /** The signed batches that prove why a log is frozen. */
  evidence(log: Uint8Array): Promise<Evidence>
  /**
   * Calls back when something is noticed, after it is on disk.
   * @returns removes the listener
   */
  onAlert(listener: (alert: Alert) => void): () => void

  /**
   * Calls back after each entry is on disk, in order; what a failed commit brought to the disk after all shows
   * in `follow` only.
   * @returns removes the listener
   */
  onAppended(listener: (entry: StoredEntry) => void): () => void
  /**
   * Calls back when the database was opened anew because a write failed, and commits are taken again.
   * @returns removes the listener
   */
  onReopened(listener: () => void): () => void
}

/** A store on LevelDB. */
export function createStore(options: StoreOptions, components: StoreComponents = {}): MessageStore {
  return new LevelMessageStore(options, components)
}
