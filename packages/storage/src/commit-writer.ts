import { setTimeout as delay } from 'node:timers/promises'
import { Commit, CommitGroup } from './commit-group.ts'
import type { Database, Operation } from './database.ts'
import { StorageError, storeUnavailable } from './errors.ts'
import { metaKey } from './keys.ts'

/**
 * The one writer of a database: group commit, fail-stop.
 *
 * ```
 *                 commit()                    write done
 *   open, idle ──────────────▶ open, writing ────────────▶ open: idle, or writing what gathered meanwhile
 *       ▲                            │ write failed: it and all that waits is refused
 *       │                            ▼
 *       └──────────────────────── reopening ◀──┐ close or open failed: again after a pause
 *         closed, opened, reread;    │     └───┘
 *         after a pause, if the one before failed as well
 *                                    │ close()
 *   open ── close() ──▶ closing ─────┴──▶ closed ── open() ──▶ open
 *                       what waits is written
 * ```
 *
 * While a write is in flight, commits gather; they go out together in the next one. A caller waits for its own
 * commit only. After a failed write nothing more is written before the database was closed and opened again,
 * because LevelDB goes on appending behind a torn record and loses at the next open what it acknowledged
 * since. Whether a commit that failed is on disk is not known until the disk was read again.
 *
 * A disk that stays full is no reason to run hot: from the second failure in a row on, whether of opening or of
 * writing, each is followed by a pause, twice as long as the one before. Meanwhile an opened database is read
 * from, and commits are refused.
 */
export class CommitWriter {
  readonly #database: Database
  readonly #sync: boolean
  readonly #components: CommitWriterComponents
  #waiting: Commit[] = []
  /** What the next write consists of. */
  #group = new CommitGroup()
  #running: Promise<void> | undefined
  #isWriting = false
  #isGathering = false
  #state: 'open' | 'reopening' | 'closing' | 'closed' = 'closed'
  #closing = new AbortController()
  /** Writes that failed since one came through. */
  #failuresInRow = 0
  #pauseMs = MIN_PAUSE_MS
  readonly stats = { commits: 0, syncs: 0, operations: 0, failures: 0 }

  constructor(options: CommitWriterOptions, components: CommitWriterComponents) {
    this.#sync = options.sync ?? true
    this.#database = components.database
    this.#components = components
  }

  /** Whether it takes commits. */
  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** Whether the database is closed because a write failed, and on its way back. */
  get isReopening(): boolean {
    return this.#state === 'reopening'
  }

  /** Why it takes no commits: what {@link commit} throws then. */
  unavailable(): StorageError {
    if (this.#state === 'reopening') {
      return storeUnavailable('is being opened anew because a write failed: try again')
    }
    return storeUnavailable(this.#state === 'closing' ? 'is being closed' : 'is not open')
  }

  /** Takes commits from now on. The database is open. */
  open(): void {
    this.#state = 'open'
    this.#closing = new AbortController()
  }

  /**
   * Adds operations to the next write. `prepare` runs when that write is put together, in the order of the
   * calls, and must not wait for anything; a number that it hands out (a position) is final. One that throws
   * fails its own caller only. What it prepared is written or, after a write that failed, refused.
   * @param options.sync false: a power cut may take it back, though never a part of it, as long as nothing that is
   * committed with `sync` shares its write; a crash of the process does not. @default true
   * @returns what `prepare` returned, once it is on disk
   * @throws StorageError ERR_COMMIT_FAILED: whether it is on disk shows when the database was opened again;
   * ERR_STORE_UNAVAILABLE: it is not
   */
  commit<T>(prepare: (operations: Operation[]) => T, { sync = true }: { sync?: boolean } = {}): Promise<T> {
    if (this.#state !== 'open') return Promise.reject(this.unavailable())
    const commit = new Commit(prepare, sync)
    this.#waiting.push(commit)
    this.#running ??= this.#run()
    if (this.#isWriting) this.#gatherSoon()
    return commit.promise as Promise<T>
  }

  /**
   * Waits until everything that was handed in before is on disk: for who reads there what memory is ahead of.
   * @throws StorageError as {@link commit}
   */
  flush(): Promise<void> {
    return this.commit(() => {})
  }

  /** Finds out whether writing works again, if it is time to: writes as much as a large commit, and leaves nothing. */
  probe(): void {
    if (this.#state !== 'open') return
    const key = metaKey('probe')
    const value = Buffer.alloc(PROBE_BYTES)
    // How it ends is told to all who want to know it: that is what it is for.
    this.commit((operations) => operations.push({ type: 'put', key, value }, { type: 'del', key })).catch(
      () => {},
    )
  }

  /** Writes what is waiting and takes nothing more. Does not close the database. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closing'
    this.#closing.abort()
    await this.#running
    this.#state = 'closed'
  }

  async #run(): Promise<void> {
    // One turn of the event loop's microtasks lets callers of the same tick share the first write.
    await undefined
    for (;;) {
      this.#gather()
      const group = this.#group
      if (group.isEmpty) break
      this.#group = new CommitGroup()
      const { operations, sizeBytes, sync } = group
      try {
        if (operations.length > 0) {
          this.#isWriting = true
          await this.#database.write(operations, { sync: this.#sync && sync })
        }
      } catch (cause) {
        await this.#failStop(group, cause)
        continue
      } finally {
        this.#isWriting = false
      }
      this.stats.commits += group.commits.length
      this.stats.operations += operations.length
      if (operations.length > 0) this.#succeeded(sizeBytes, sync)
      group.done()
    }
    this.#running = undefined
  }

  /** While the disk is waited for, the next write is put together. */
  #gatherSoon(): void {
    if (this.#isGathering) return
    this.#isGathering = true
    queueMicrotask(() => {
      this.#isGathering = false
      if (this.#isWriting) this.#gather()
    })
  }

  #gather(): void {
    let taken = 0
    // Those that a `prepare` hands in are there as well, behind the others.
    for (const commit of this.#waiting) {
      if (this.#group.isFull) break
      this.#group.take(commit)
      taken += 1
    }
    this.#waiting = this.#waiting.slice(taken)
  }

  #succeeded(sizeBytes: number, sync: boolean): void {
    if (sync) this.stats.syncs += 1
    this.#failuresInRow = 0
    this.#pauseMs = MIN_PAUSE_MS
    this.#components.onWrote(sizeBytes)
  }

  async #failStop(group: CommitGroup, cause: unknown): Promise<void> {
    this.stats.failures += 1
    this.#failuresInRow += 1
    if (this.#state === 'open') this.#state = 'reopening'
    const error = new StorageError(
      'ERR_COMMIT_FAILED',
      `a write to the database failed: ${(cause as Error).message}; the database is opened anew`,
      { cause },
    )
    this.#components.onFailed(cause)
    const gathered = this.#group
    this.#group = new CommitGroup()
    const waiting = this.#waiting.splice(0)
    // At once: a disk that stays full would keep them waiting for ever.
    for (const commit of [...group.commits, ...gathered.commits, ...waiting]) commit.reject(error)
    await this.#reopen()
  }

  async #reopen(): Promise<void> {
    while (this.#state === 'reopening') {
      try {
        // A database that cannot be closed is still the one with the torn record: not written to either.
        await this.#database.close()
        await this.#database.open()
        await this.#components.reload()
      } catch {
        await this.#pause()
        continue
      }
      if (this.#failuresInRow > 1) await this.#pause()
      if (this.#state === 'reopening') {
        this.#state = 'open'
        this.#components.onReopened()
      }
    }
  }

  async #pause(): Promise<void> {
    const pauseMs = this.#pauseMs
    this.#pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2)
    const { signal } = this.#closing
    const { pause = (ms: number) => delay(ms, undefined, { signal }) } = this.#components
    await pause(pauseMs, signal).catch(() => {})
  }
}

export interface CommitWriterOptions {
  /**
   * Whether a commit waits for the disk. False is for measuring what that costs: after a power cut
   * acknowledged messages are gone.
   * @default true
   */
  readonly sync?: boolean
}

export interface CommitWriterComponents {
  readonly database: Database
  /** Something is on disk. */
  readonly onWrote: (sizeBytes: number) => void
  /** Commits failed: what memory holds of them is void. Before they are refused. */
  readonly onFailed: (cause: unknown) => void
  /** Reads from the disk again what memory only carried on; before any commit is taken. */
  readonly reload: () => Promise<void>
  /** Commits are taken again. */
  readonly onReopened: () => void
  /** Waits so long, or until the signal. @default a timer */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** Two of the largest batches: where only a few bytes are left, writing does not work again. */
const PROBE_BYTES = 1024 * 1024
/** First and longest pause after failures: what is freed is used soon, and a full disk costs next to nothing. */
const MIN_PAUSE_MS = 250
const MAX_PAUSE_MS = 15_000
