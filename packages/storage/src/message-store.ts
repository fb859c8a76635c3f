import {
  type Cursor,
  encodeLogId,
  equalBytes,
  type LogId,
  type LogRange,
  RUNNING_HASH_BYTES,
  type SignedBatch,
  STORE_ID_BYTES,
} from '@pastel-mesh/protocol'
import { type Alert, type AlertAbout, type AlertKind, Alerts, type Evidence } from './alerts.ts'
import { ArrivalOrder } from './arrival-order.ts'
import { ArrivalReader, type FollowOptions, type ReadOptions } from './arrival-reader.ts'
import type { LostReason } from './arrival-record.ts'
import type { Missing } from './chain.ts'
import { CommitWriter } from './commit-writer.ts'
import { Counters, type CountsPage, type CountsQuery } from './counters.ts'
import { type Database, LevelDatabase } from './database.ts'
import { type Disk, DiskHealth } from './disk-health.ts'
import { StorageError } from './errors.ts'
import { follow, type RemovedNotice } from './follow.ts'
import { type HeadsPage, readHeads } from './heads.ts'
import { HeldBatches } from './held-batches.ts'
import type { MessageStore, StoreComponents, StoreOptions } from './index.ts'
import { metaKey, ownTipKey } from './keys.ts'
import { Listeners } from './listeners.ts'
import { LogOrder } from './log-order.ts'
import { type LogState, logNames } from './log-state.ts'
import { LogTable } from './log-table.ts'
import { type LostQuery, LostRanges } from './lost-ranges.ts'
import { DatabaseMaintenance } from './maintenance.ts'
import { OrderCommit } from './order-commit.ts'
import type { Placement, PlaceOptions } from './placement.ts'
import { readOrder } from './read-order.ts'
import { reopenDelivery } from './reopen-delivery.ts'
import { type Pruned, Retention, type RetentionRules } from './retention.ts'
import { openSchema } from './schema.ts'
import type { StoredBatch, StoredEntry } from './stored-entry.ts'
import { TimeSearch } from './time-search.ts'
import { type BatchPlace, type CarriedBytes, type SettledRange, Undelivered } from './undelivered.ts'
import type { DeliveryPhase } from './underway-record.ts'
import { StoredValues, type ValueChange } from './values.ts'
import { wasPruned } from './was-pruned.ts'

/** The message logs and the arrival order of one node, on LevelDB: its parts, wired. */
export class LevelMessageStore implements MessageStore {
  readonly writer: CommitWriter
  readonly values: StoredValues
  readonly #directory: string
  readonly database: Database
  readonly maintenance: DatabaseMaintenance
  readonly #health: DiskHealth
  readonly #logs: LogTable
  readonly #held: HeldBatches
  readonly #lost: LostRanges
  readonly #alerts: Alerts
  readonly #order = new ArrivalOrder()
  readonly #reader: ArrivalReader
  readonly #times: TimeSearch
  readonly #counters: Counters
  readonly #commit: OrderCommit
  readonly #logOrder: LogOrder
  readonly #retention: Retention
  readonly #undelivered: Undelivered
  readonly #reopened = new Listeners()
  #storeId: Uint8Array = new Uint8Array(STORE_ID_BYTES)
  /** Settles when it is open; undefined while it is closed. */
  #started: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(options: StoreOptions, components: StoreComponents = {}) {
    this.#directory = options.directory
    const database = components.database ?? new LevelDatabase(options.directory)
    this.database = database
    this.#health = new DiskHealth(options, { ...components, probe: () => this.writer.probe() })
    this.maintenance = new DatabaseMaintenance(options, { database, disk: this.#health, end: () => this.end })
    this.#logs = new LogTable({ database })
    this.#held = new HeldBatches({ database })
    this.#alerts = new Alerts({ database })
    this.#reader = new ArrivalReader({ database })
    this.#times = new TimeSearch({ reader: this.#reader })
    this.#counters = new Counters({ database })
    this.writer = new CommitWriter(options, {
      database,
      onWrote: (sizeBytes) => this.#health.wrote(sizeBytes),
      onFailed: (cause) => {
        this.#logs.clear()
        this.#health.failed(cause)
      },
      reload: () => this.#reload(),
      onReopened: () => this.#onReopened(),
      ...(components.pause === undefined ? {} : { pause: components.pause }),
    })
    this.values = new StoredValues({
      database,
      writer: this.writer,
      assertRoom: () => this.#health.assertRoom(),
    })
    this.#lost = new LostRanges({ database, reader: this.#reader, logs: this.#logs })
    const lost = this.#lost
    const parts = {
      database,
      writer: this.writer,
      order: this.#order,
      reader: this.#reader,
      logs: this.#logs,
    }
    const undelivered = new Undelivered({ database, writer: this.writer })
    this.#undelivered = undelivered
    this.#commit = new OrderCommit({ ...parts, lost, counters: this.#counters, undelivered })
    const rest = {
      ...parts,
      lost,
      held: this.#held,
      alerts: this.#alerts,
      commit: this.#commit,
      values: this.values,
      undelivered,
      assertRoom: () => this.#health.assertRoom(),
    }
    this.#logOrder = new LogOrder(rest)
    this.#retention = new Retention({ ...rest, counters: this.#counters, logOrder: this.#logOrder })
  }

  get disk(): Disk {
    return this.#health
  }

  get storeId(): Uint8Array {
    return this.#storeId
  }

  get end(): number {
    return this.#order.end
  }

  get floor(): number {
    return this.#retention.floor.position
  }

  get sizes() {
    const { sizeBytes, batches, messages } = this.#commit.stored
    return {
      storedBytes: sizeBytes,
      storedBatches: batches,
      storedMessages: messages,
      heldBatches: this.#held.batches,
      heldBytes: this.#held.sizeBytes,
    }
  }

  get taken() {
    return this.#counters.total
  }

  counts(query: CountsQuery): CountsPage {
    return this.#counters.list(query)
  }

  async start(): Promise<void> {
    await this.#stopping
    this.#started ??= this.#open().catch((error) => {
      this.#started = undefined
      throw error
    })
    await this.#started
  }

  async stop(): Promise<void> {
    if (this.#started === undefined) return
    this.#stopping ??= this.#close().finally(() => {
      this.#started = undefined
      this.#stopping = undefined
    })
    await this.#stopping
  }

  place(signed: SignedBatch, options?: PlaceOptions): Promise<Placement> {
    return this.#logOrder.place(signed, options)
  }

  async has(signed: SignedBatch): Promise<boolean> {
    return this.#held.has(signed) || this.#logOrder.isStored(signed)
  }

  settled(): Promise<void> {
    return this.#logOrder.settled()
  }

  gaps(limit: number): Promise<Missing[]> {
    return this.#logOrder.gaps(limit)
  }

  giveUp(missing: Missing, reason: LostReason): Promise<StoredEntry | undefined> {
    return this.#logOrder.giveUp(missing, reason)
  }

  lostRanges(limit: number, query?: LostQuery): Promise<LogRange[]> {
    return this.#lost.wanted(limit, query)
  }

  wasPruned(range: LogRange): Promise<boolean> {
    return wasPruned(range, { database: this.database, lost: this.#lost, reader: this.#reader })
  }

  firstHeld(log: LogId, from: number): number | undefined {
    return this.#held.firstOf(log, from)?.first
  }

  log(id: LogId, bytes: Uint8Array): Promise<LogState | undefined> {
    return this.#logs.load(id, bytes)
  }

  async ownTip(sender: Uint8Array, channel: string): Promise<LogState | undefined> {
    const run = await this.database.get(ownTipKey(sender, channel))
    if (run === undefined) return undefined
    const { id, bytes } = logNames(sender, channel, run)
    return this.#logs.load(id, bytes)
  }

  read(options: ReadOptions = {}): AsyncGenerator<StoredEntry> {
    return readOrder({ order: this.#order, reader: this.#reader }, options)
  }

  follow(options: FollowOptions = {}): AsyncGenerator<StoredEntry | RemovedNotice> {
    const { removals } = this.#retention
    const parts = { order: this.#order, reader: this.#reader, writer: this.writer, removals }
    return follow({ ...parts, floor: () => this.floor }, options)
  }

  readLog(range: LogRange): AsyncGenerator<StoredBatch> {
    return this.#reader.readLog(range)
  }

  findMessage(id: string): Promise<{ stored: StoredBatch; index: number } | undefined> {
    return this.#reader.findMessage(id)
  }

  heads(from: number, channels: readonly string[], limit: number, sinceMs = 0): Promise<HeadsPage> {
    return readHeads(this.database, { from, to: this.#order.end, channels, limit, sinceMs })
  }

  positionAt(timeMs: number): Promise<number> {
    return this.#times.positionAt(timeMs, this.#order.end)
  }

  async cursorAt(position: number): Promise<Cursor> {
    if (position === 0) return { store: this.#storeId, position, hash: new Uint8Array(0) }
    const hash = await this.#hashBefore(position)
    if (hash === undefined) {
      throw new StorageError(
        'ERR_CURSOR',
        `the arrival order has no position ${position}: it ends at ${this.#order.end}`,
      )
    }
    return { store: this.#storeId, position, hash }
  }

  async checkCursor(cursor: Cursor): Promise<'ok' | 'foreign' | 'pruned'> {
    const { position, hash } = cursor
    if (!equalBytes(cursor.store, this.#storeId) || position > this.#order.end) return 'foreign'
    if (position < this.floor) return 'pruned'
    if (position === 0) return 'ok'
    const own = await this.#hashBefore(position)
    return own !== undefined && equalBytes(own, hash) ? 'ok' : 'foreign'
  }

  passed(channel: string, position: number): void {
    this.#retention.passed(channel, position)
  }

  passedTo(channel: string): number {
    return this.#retention.passedTo(channel)
  }

  prune(rules: RetentionRules): Promise<Pruned> {
    return this.#retention.prune(rules)
  }

  removeDue(): Promise<void> {
    return this.#retention.removeDue()
  }

  isUndelivered(batch: BatchPlace): Promise<boolean> {
    return this.#undelivered.has(batch)
  }

  async undeliveredLogs(): Promise<LogId[]> {
    return (await this.#undelivered.ownLogs()).map(encodeLogId)
  }

  deliveryPhase(batch: BatchPlace): Promise<DeliveryPhase> {
    return this.#undelivered.phaseOf(batch)
  }

  reopen(ranges: readonly LogRange[], own: Uint8Array): Promise<LogRange[]> {
    return reopenDelivery(ranges, own, { reader: this.#reader, undelivered: this.#undelivered })
  }

  async delivered(ranges: readonly SettledRange[], values: readonly ValueChange[] = []): Promise<number> {
    if (values.length > 0) await this.values.ready()
    return this.#undelivered.delivered(ranges, () => this.values.take(values))
  }

  carriedBytes(): CarriedBytes {
    return this.#undelivered.bytes
  }

  alerts(): Alert[] {
    return this.#alerts.list()
  }

  async alert(kind: AlertKind, about: AlertAbout, reason: string): Promise<void> {
    const { operations, tell } = this.#alerts.note(kind, about, reason)
    if (operations.length > 0) await this.writer.commit((group) => void group.push(...operations))
    tell()
  }

  evidence(log: Uint8Array): Promise<Evidence> {
    return this.#alerts.evidence(log)
  }

  onAlert(listener: (alert: Alert) => void): () => void {
    return this.#alerts.raised.add(listener)
  }

  onAppended(listener: (entry: StoredEntry) => void): () => void {
    return this.#order.appended.add(listener)
  }

  onReopened(listener: () => void): () => void {
    return this.#reopened.add(listener)
  }

  /** Running hash of the order below a position; below the floor, where nothing tells any more, zeros. */
  async #hashBefore(position: number): Promise<Uint8Array | undefined> {
    const { floor } = this.#retention
    if (position === floor.position) return floor.runningHash
    const entry = await this.#reader.entryAt(position - 1)
    if (entry !== undefined) return entry.runningHash
    return position < floor.position ? new Uint8Array(RUNNING_HASH_BYTES) : undefined
  }

  async #open(): Promise<void> {
    await this.database.open()
    try {
      await this.#health.start()
      this.#storeId = await openSchema(this.database, this.#directory)
      await this.#reload()
      // What memory carries on is read: what is written from now on is behind it.
      this.writer.open()
    } catch (error) {
      await this.#shut()
      throw error
    }
    this.#logOrder.resume()
  }

  async #close(): Promise<void> {
    await this.#started?.catch(() => {})
    await this.#shut()
  }

  async #shut(): Promise<void> {
    await this.maintenance.stop()
    await this.writer.close()
    await this.#health.stop()
    await this.database.close()
    // What it was about to do now fails.
    await this.#logOrder.settled()
    this.#logs.clear()
    // Followers look and find it closed.
    this.#order.changed.call()
  }

  /** Reads from the disk what memory only carries on. */
  async #reload(): Promise<void> {
    this.#order.reset(await this.#reader.lastEntry())
    this.#times.clear()
    await this.values.reload()
    this.#commit.reset(await this.database.get(metaKey('stored')))
    await this.#counters.load()
    await this.#undelivered.load()
    this.#logs.clear()
    await this.#held.load()
    await this.#alerts.load()
    await this.#retention.load()
  }

  #onReopened(): void {
    this.#reopened.call()
    this.#order.changed.call()
    this.#logOrder.resume()
  }
}
