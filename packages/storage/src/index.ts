/**
 * What a node keeps: the message logs, the arrival order, and the one writer of its database.
 * @packageDocumentation
 */
import type { Cursor, LogId, LogRange, MessageContent, SignedBatch } from '@pastel-mesh/protocol'
import type { FollowOptions, ReadOptions } from './arrival-reader.ts'
import type { CommitWriter, CommitWriterComponents, CommitWriterOptions } from './commit-writer.ts'
import type { Database } from './database.ts'
import type { Disk, DiskHealthComponents, DiskHealthOptions } from './disk-health.ts'
import type { HeadsPage } from './heads.ts'
import { LevelMessageStore } from './message-store.ts'
import type { LogState } from './records.ts'
import type { StoredBatch } from './stored-batch.ts'

export type { FollowOptions, ReadOptions } from './arrival-reader.ts'
export type { CommitWriter, CommitWriterOptions } from './commit-writer.ts'
export { formatCursor, nextRunningHash, parseCursor } from './cursor.ts'
export type { Database, Operation, RangeOptions } from './database.ts'
export { LevelDatabase } from './database.ts'
export {
  DEFAULT_MIN_FREE_BYTES,
  type Disk,
  type DiskState,
  type DiskStatus,
} from './disk-health.ts'
export { StorageError } from './errors.ts'
export type { HeadsPage } from './heads.ts'
export type { ArrivalRecord, LogState } from './records.ts'
export type { StoredBatch } from './stored-batch.ts'

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

export interface PlaceOptions {
  /** This node wrote it: the log becomes the one that its next run follows. */
  readonly own?: boolean
  /** Its messages, if they are decoded already. */
  readonly messages?: readonly MessageContent[]
}

/** What became of a batch that was offered to the store. */
export type Placement =
  /** It continues its log. `committed` resolves when it is on disk, and fails if the commit does. */
  | {
      readonly status: 'appended'
      /** @throws StorageError ERR_COMMIT_FAILED: it is stored only if `has` says so after the reopening */
      readonly committed: Promise<StoredBatch>
    }
  /** It is stored already. */
  | { readonly status: 'known' }
  /** It is not stored: these messages must come first. */
  | { readonly status: 'gap'; readonly missing: LogRange }
  /** It is not stored: it contradicts what its sender signed before. */
  | { readonly status: 'conflict'; readonly reason: string }

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
  /** How the disk is. */
  readonly disk: Disk
  /** 16 random bytes that name this store in its cursors. */
  readonly storeId: Uint8Array
  /** The arrival order's end: the position that the next message takes. Everything below is on disk. */
  readonly end: number

  /** @throws StorageError ERR_STORE_LOCKED, ERR_STORE_OPEN, ERR_STORE_SCHEMA, ERR_COMMIT_FAILED */
  start(): Promise<void>
  stop(): Promise<void>

  /**
   * Puts a batch, its signature checked, where its log says: at the end of the arrival order if it continues
   * the log. A batch that is a small part of a larger buffer is copied, for it stays in memory for a while.
   * Of batches that are placed at once any may be first: to place a log's batches in order, wait for each
   * placement (not for its commit) before the next.
   * @throws StorageError ERR_STORE_UNAVAILABLE; ERR_DISK_RESERVE; ERR_COMMIT_FAILED if the commit that it had
   * to wait for failed
   */
  place(signed: SignedBatch, options?: PlaceOptions): Promise<Placement>
  /** Whether this very batch is on disk. */
  has(signed: SignedBatch): Promise<boolean>
  /** What is stored of a log, including commits in flight. */
  log(id: LogId, bytes: Uint8Array): Promise<LogState | undefined>
  /** The log that this node, as `sender`, last wrote to a channel. */
  ownTip(sender: Uint8Array, channel: string): Promise<LogState | undefined>

  /** Reads what is on disk now. Whole batches: the first and the last may reach over the range. */
  read(options?: ReadOptions): AsyncGenerator<StoredBatch>
  /**
   * Reads what is on disk and then, without end, what is added; across a reopening of the database.
   * @throws StorageError ERR_STORE_UNAVAILABLE when the store is stopped; the signal's reason
   */
  follow(options?: FollowOptions): AsyncGenerator<StoredBatch>
  /** The batches that hold a range of a log, as far as they are stored. */
  readLog(range: LogRange): AsyncGenerator<StoredBatch>
  /**
   * The batch that holds a message, and the message's index in it.
   * @throws ProtocolError ERR_MESSAGE_ID
   */
  findMessage(id: string): Promise<{ stored: StoredBatch; index: number } | undefined>
  /** The ends of the logs of some channels that got entries at or after a position, `limit` of them at most. */
  heads(from: number, channels: readonly string[], limit: number): Promise<HeadsPage>

  /** @throws StorageError ERR_CURSOR if the order does not reach that far */
  cursorAt(position: number): Promise<Cursor>
  /** Whether a cursor is of this order. */
  checkCursor(cursor: Cursor): Promise<'ok' | 'foreign'>

  /**
   * Calls back after each entry is on disk, in order; what a failed commit brought to the disk after all shows
   * in `follow` only.
   * @returns removes the listener
   */
  onAppended(listener: (entry: StoredBatch) => void): () => void
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
