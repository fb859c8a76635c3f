import { randomBytes } from 'node:crypto'
import {
  type Cursor,
  encodeLogId,
  equalBytes,
  type LogId,
  type LogRange,
  logIdBytes,
  openBatch,
  type SignedBatch,
  STORE_ID_BYTES,
} from '@pastel-mesh/protocol'
import { ArrivalOrder } from './arrival-order.ts'
import { ArrivalReader, type FollowOptions, type ReadOptions } from './arrival-reader.ts'
import { extendLog, judgeChain } from './chain.ts'
import { CommitWriter } from './commit-writer.ts'
import { type Database, LevelDatabase } from './database.ts'
import { type Disk, DiskHealth } from './disk-health.ts'
import { entryOperations } from './entry-operations.ts'
import { StorageError } from './errors.ts'
import { follow } from './follow.ts'
import { type HeadsPage, readHeads } from './heads.ts'
import type { MessageStore, Placement, PlaceOptions, StoreComponents, StoreOptions } from './index.ts'
import { logPositionKey, metaKey, ownTipKey } from './keys.ts'
import { Listeners } from './listeners.ts'
import { type LogName, LogTable } from './log-table.ts'
import { decodeLogPosition, type LogState } from './records.ts'
import { isViewOfMore, type StoredBatch } from './stored-batch.ts'

/** Layout of the database that this code reads and writes; see keys.ts. */
const SCHEMA_VERSION = '1'

/** The message logs and the arrival order of one node, on LevelDB. */
export class LevelMessageStore implements MessageStore {
  readonly writer: CommitWriter
  readonly #directory: string
  readonly #database: Database
  readonly #health: DiskHealth
  readonly #logs: LogTable
  readonly #order = new ArrivalOrder()
  readonly #reader: ArrivalReader
  readonly #reopened = new Listeners()
  #storeId: Uint8Array = new Uint8Array(STORE_ID_BYTES)
  /** Settles when it is open; undefined while it is closed. */
  #started: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(options: StoreOptions, components: StoreComponents = {}) {
    this.#directory = options.directory
    const database = components.database ?? new LevelDatabase(options.directory)
    this.#database = database
    this.#health = new DiskHealth(options, { ...components, probe: () => this.writer.probe() })
    this.#logs = new LogTable({ database })
    this.#reader = new ArrivalReader({ database })
    this.writer = new CommitWriter(options, {
      database,
      onWrote: (sizeBytes) => this.#health.wrote(sizeBytes),
      onFailed: (cause) => {
        this.#logs.clear()
        this.#health.failed(cause)
      },
      reload: () => this.#reload(),
      onReopened: () => {
        this.#reopened.call()
        this.#order.changed.call()
      },
      ...(components.pause === undefined ? {} : { pause: components.pause }),
    })
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

  async place(signed: SignedBatch, options: PlaceOptions = {}): Promise<Placement> {
    const { batch, log } = signed
    const names: LogName[] = [{ id: log, bytes: signed.logBytes }]
    if (batch.follows !== undefined) names.push(logName(batch.sender, batch.channel, batch.follows.run))
    for (;;) {
      const found = await this.#logs.consult(names, ([state, followed]) => {
        // Nothing waits between what is judged here and its commit.
        const judged = judgeChain(signed, state, followed)
        if (judged.verdict === 'next') return this.#append(signed, state, options)
        return { ...judged, inFlight: this.#logs.isInFlight(log), epoch: this.#logs.epoch }
      })
      if ('status' in found) return found
      if (found.verdict === 'gap') return { status: 'gap', missing: found.missing }
      if (found.verdict === 'conflict') return { status: 'conflict', reason: found.reason }
      if (await this.has(signed)) return { status: 'known' }
      if (found.inFlight) {
        // Commits are written in order: when this one is through, so are those that took the positions.
        await this.writer.commit(() => {})
        if (await this.has(signed)) return { status: 'known' }
      }
      if (found.epoch === this.#logs.epoch) {
        return { status: 'conflict', reason: 'another batch is stored at its positions' }
      }
      // What had taken the positions was not written.
    }
  }

  async has(signed: SignedBatch): Promise<boolean> {
    // What its log does not reach is not stored: for new batches memory has the answer.
    const state = await this.#logs.load(signed.log, signed.logBytes)
    if (state === undefined || signed.batch.first >= state.next) return false
    const record = await this.#database.get(logPositionKey(signed.logBytes, signed.batch.first))
    return record !== undefined && equalBytes(decodeLogPosition(record).hash, signed.hash)
  }

  log(id: LogId, bytes: Uint8Array): Promise<LogState | undefined> {
    return this.#logs.load(id, bytes)
  }

  async ownTip(sender: Uint8Array, channel: string): Promise<LogState | undefined> {
    const run = await this.#database.get(ownTipKey(sender, channel))
    if (run === undefined) return undefined
    const { id, bytes } = logName(sender, channel, run)
    return this.#logs.load(id, bytes)
  }

  read(options: ReadOptions = {}): AsyncGenerator<StoredBatch> {
    const { end } = this.#order
    return this.#reader.read({ ...options, to: Math.min(options.to ?? end, end) })
  }

  follow(options: FollowOptions = {}): AsyncGenerator<StoredBatch> {
    return follow({ order: this.#order, reader: this.#reader, writer: this.writer }, options)
  }

  readLog(range: LogRange): AsyncGenerator<StoredBatch> {
    return this.#reader.readLog(range)
  }

  findMessage(id: string): Promise<{ stored: StoredBatch; index: number } | undefined> {
    return this.#reader.findMessage(id)
  }

  heads(from: number, channels: readonly string[], limit: number): Promise<HeadsPage> {
    return readHeads(this.#database, { from, to: this.#order.end, channels, limit })
  }

  async cursorAt(position: number): Promise<Cursor> {
    if (position === 0) return { store: this.#storeId, position, hash: new Uint8Array(0) }
    const entry = await this.#reader.entryAt(position - 1)
    if (entry === undefined) {
      throw new StorageError(
        'ERR_CURSOR',
        `the arrival order has no position ${position}: it ends at ${this.#order.end}`,
      )
    }
    return { store: this.#storeId, position, hash: entry.runningHash }
  }

  async checkCursor(cursor: Cursor): Promise<'ok' | 'foreign'> {
    if (!equalBytes(cursor.store, this.#storeId) || cursor.position > this.#order.end) return 'foreign'
    if (cursor.position === 0) return 'ok'
    const entry = await this.#reader.entryAt(cursor.position - 1)
    return entry !== undefined && equalBytes(entry.runningHash, cursor.hash) ? 'ok' : 'foreign'
  }

  onAppended(listener: (entry: StoredBatch) => void): () => void {
    return this.#order.appended.add(listener)
  }

  onReopened(listener: () => void): () => void {
    return this.#reopened.add(listener)
  }

  async #open(): Promise<void> {
    await this.#database.open()
    try {
      await this.#health.start()
      this.writer.open()
      await this.#openSchema()
      await this.#reload()
    } catch (error) {
      await this.#shut()
      throw error
    }
  }

  async #close(): Promise<void> {
    await this.#started?.catch(() => {})
    await this.#shut()
  }

  async #shut(): Promise<void> {
    await this.writer.close()
    await this.#health.stop()
    await this.#database.close()
    this.#logs.clear()
    // Followers look and find it closed.
    this.#order.changed.call()
  }

  async #openSchema(): Promise<void> {
    const schema = await this.#database.get(metaKey('schema'))
    if (schema === undefined) {
      await this.writer.commit((operations) => {
        operations.push({ type: 'put', key: metaKey('schema'), value: Buffer.from(SCHEMA_VERSION) })
        operations.push({ type: 'put', key: metaKey('store'), value: randomBytes(STORE_ID_BYTES) })
      })
    } else if (schema.toString() !== SCHEMA_VERSION) {
      throw new StorageError(
        'ERR_STORE_SCHEMA',
        `the database in ${this.#directory} has schema ${schema.toString().slice(0, 16)}, this version reads ${SCHEMA_VERSION}: use the version that wrote it`,
      )
    }
    this.#storeId = (await this.#database.get(metaKey('store'))) as Buffer
  }

  /** Reads from the disk what memory only carries on. */
  async #reload(): Promise<void> {
    this.#order.reset(await this.#reader.lastEntry())
    this.#logs.clear()
  }

  #append(signed: SignedBatch, state: LogState | undefined, options: PlaceOptions): Placement {
    if (!this.writer.isOpen) throw this.writer.unavailable()
    this.#health.assertRoom()
    const next = extendLog(signed, state)
    const finish = this.#logs.begin(next)
    const kept = isViewOfMore(signed) ? openBatch(new Uint8Array(signed.envelope)) : signed
    const messages = kept === signed ? options.messages : undefined
    const committed = this.writer.commit((operations) => {
      const entry = this.#order.take(kept, messages)
      operations.push(...entryOperations(entry, next, options.own === true))
      return entry
    })
    return {
      status: 'appended',
      committed: committed.then((entry) => {
        finish()
        this.#order.append(entry)
        return entry
      }),
    }
  }
}

function logName(sender: Uint8Array, channel: string, run: Uint8Array): LogName {
  const bytes = logIdBytes(sender, channel, run)
  return { id: encodeLogId(bytes), bytes }
}
