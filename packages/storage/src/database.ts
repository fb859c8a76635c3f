import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from '@pastel-mesh/identity'
import type { AbstractBatchOperation } from 'abstract-level'
import { Level } from 'level'
import { StorageError, storeUnavailable } from './errors.ts'
import { explainOpenError, HOLDER_FILE } from './explain-open-error.ts'

/** One operation of a commit. */
export type Operation =
  | { readonly type: 'put'; readonly key: Buffer; readonly value: Buffer }
  | { readonly type: 'del'; readonly key: Buffer }

/** A range of keys. */
export interface RangeOptions {
  readonly gte: Buffer
  readonly lt?: Buffer
  readonly lte?: Buffer
  readonly reverse?: boolean
  readonly limit?: number
  /** Entries to read at once first: about as many as will be asked for. @default 1 */
  readonly readAhead?: number
  /** Entries to read at once later, at most. @default 1000 */
  readonly maxReadAhead?: number
  /** Only the keys are wanted: the values given are empty. @default false */
  readonly keysOnly?: boolean
}

/**
 * The part of a LevelDB database that the store uses.
 *
 * Reading throws StorageError ERR_STORE_UNAVAILABLE while it is closed, and for iterations that it closed.
 */
export interface Database {
  /** Opens it, if it is not open. */
  open(): Promise<void>
  /** Closes it, if it is open. */
  close(): Promise<void>
  get(key: Buffer): Promise<Buffer | undefined>
  getMany(keys: Buffer[]): Promise<(Buffer | undefined)[]>
  write(operations: readonly Operation[], options: { sync: boolean }): Promise<void>
  /** The entries of a range as they are when the first is asked for. */
  iterate(range: RangeOptions): AsyncIterable<[key: Buffer, value: Buffer]>
  /** The same, as many at a time as come together: handing on each by itself costs more than reading it. */
  iterateChunks(range: RangeOptions): AsyncIterable<[key: Buffer, value: Buffer][]>
  /** Rewrites what is stored from one key to another, without what was removed; reading and writing go on meanwhile. */
  compact(from: Buffer, to: Buffer): Promise<void>
}

type LevelOperation = AbstractBatchOperation<Level<Buffer, Buffer>, Buffer, Buffer>

interface Compactable {
  compactRange(from: Buffer, to: Buffer): Promise<void>
}

/** Memory that gathers writes before they become a sorted file: fewer, larger files for a write-heavy node. */
const WRITE_BUFFER_BYTES = 16 * 1024 * 1024
/** Blocks of index entries kept in memory. */
const CACHE_BYTES = 16 * 1024 * 1024
/** Sorted files that LevelDB keeps open: with more it opens and closes them as they are read. */
export const MAX_OPEN_FILES = 1_000
/** Files that compaction makes. */
const MAX_FILE_BYTES = 8 * 1024 * 1024
/** Bytes after which an iteration stops reading ahead that was told how many entries will be asked for. */
const READ_AHEAD_BYTES = 256 * 1024
/** Entries that an iteration reads at once, when it has gone on for a while; it stops at 16 KiB unless told so. */
const READ_AHEAD_ENTRIES = 1000

/**
 * A write of so many bytes is handed on an operation at a time, which takes half as long for each; but its memory is
 * free only when the garbage collector comes by, so not a larger one.
 */
const MAX_CHAINED_BYTES = 128 * 1024

const NOT_OPEN = new Set(['LEVEL_DATABASE_NOT_OPEN', 'LEVEL_ITERATOR_NOT_OPEN'])

/** A LevelDB database in a directory; made if it is not there. */
export class LevelDatabase implements Database {
  readonly #directory: string
  #level: Level<Buffer, Buffer> | undefined

  constructor(directory: string) {
    this.#directory = directory
  }

  /** @throws StorageError ERR_STORE_LOCKED, ERR_STORE_OPEN */
  async open(): Promise<void> {
    if (this.#level !== undefined) return
    try {
      await makeFolder(this.#directory)
      // Not made before: a Level opens itself, and so takes the directory, as soon as it is made.
      const level = new Level<Buffer, Buffer>(this.#directory, {
        keyEncoding: 'buffer',
        valueEncoding: 'buffer',
        writeBufferSize: WRITE_BUFFER_BYTES,
        cacheSize: CACHE_BYTES,
        maxOpenFiles: MAX_OPEN_FILES,
        maxFileSize: MAX_FILE_BYTES,
      })
      await level.open()
      this.#level = level
    } catch (cause) {
      throw await explainOpenError(this.#directory, cause)
    }
    // Only for the message that a second process gets: a full disk must not keep the database closed.
    await writeFile(join(this.#directory, HOLDER_FILE), `${process.pid}\n`).catch(() => {})
  }

  async close(): Promise<void> {
    await this.#level?.close()
    this.#level = undefined
  }

  get(key: Buffer): Promise<Buffer | undefined> {
    return this.#read((level) => level.get(key))
  }

  getMany(keys: Buffer[]): Promise<(Buffer | undefined)[]> {
    return this.#read((level) => level.getMany(keys))
  }

  async write(operations: readonly Operation[], options: { sync: boolean }): Promise<void> {
    const level = this.#opened()
    if (sizeOf(operations) > MAX_CHAINED_BYTES) {
      await level.batch([...operations] satisfies LevelOperation[], options)
      return
    }
    const batch = level.batch()
    for (const operation of operations) {
      if (operation.type === 'put') batch.put(operation.key, operation.value)
      else batch.del(operation.key)
    }
    await batch.write(options)
  }

  async *iterate(range: RangeOptions): AsyncGenerator<[key: Buffer, value: Buffer]> {
    for await (const entries of this.iterateChunks(range)) for (const entry of entries) yield entry
  }

  async *iterateChunks({
    readAhead = 1,
    maxReadAhead = READ_AHEAD_ENTRIES,
    keysOnly = false,
    ...range
  }: RangeOptions): AsyncGenerator<[key: Buffer, value: Buffer][]> {
    const ahead = readAhead > 1 ? { highWaterMarkBytes: READ_AHEAD_BYTES } : {}
    const iterator = await this.#read(async (level) =>
      level.iterator({ ...range, ...ahead, values: !keysOnly }),
    )
    try {
      let left = range.limit ?? Number.POSITIVE_INFINITY
      // Often one entry is all that is wanted, or a few.
      for (let size = readAhead; left > 0; size = Math.min(size * 32, maxReadAhead)) {
        const entries = await this.#read(() => iterator.nextv(size))
        if (entries.length === 0) return
        left -= entries.length
        yield entries
      }
    } finally {
      await iterator.close()
    }
  }

  async compact(from: Buffer, to: Buffer): Promise<void> {
    // The library's types leave out what browsers do not have.
    await this.#read((level) => (level as unknown as Compactable).compactRange(from, to))
  }

  #opened(): Level<Buffer, Buffer> {
    if (this.#level === undefined) throw storeUnavailable(`in ${this.#directory} is not open`)
    return this.#level
  }

  async #read<T>(read: (level: Level<Buffer, Buffer>) => Promise<T>): Promise<T> {
    try {
      return await read(this.#opened())
    } catch (cause) {
      if (cause instanceof StorageError) throw cause
      const { code, message } = cause as Error & { code?: string }
      if (code !== undefined && NOT_OPEN.has(code)) {
        throw storeUnavailable(`in ${this.#directory} was closed`, cause)
      }
      throw new StorageError(
        'ERR_STORE_READ',
        `the database in ${this.#directory} cannot be read: ${message}`,
        { cause },
      )
    }
  }
}

function sizeOf(operations: readonly Operation[]): number {
  let sizeBytes = 0
  for (const operation of operations) {
    sizeBytes += operation.key.length + (operation.type === 'put' ? operation.value.length : 0)
  }
  return sizeBytes
}
