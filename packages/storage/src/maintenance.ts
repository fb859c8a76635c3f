import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Database } from './database.ts'
import type { Disk } from './disk-health.ts'
import { StorageError } from './errors.ts'
import { arrivalKey } from './keys.ts'

/** How a compaction ended. */
export interface Compacted {
  /** In ms since 1970. */
  readonly startedAtMs: number
  readonly tookMs: number
  /** Bytes of the database's files before and after it. */
  readonly beforeBytes: number
  readonly afterBytes: number
  /** Whether all was gone through; otherwise its time was over, or it failed. */
  readonly isWhole: boolean
  /** Why it failed. */
  readonly reason?: string
}

export interface CompactOptions {
  /** After that time no other stretch is begun, in ms. @default 10 minutes */
  readonly maxMs?: number
  /** About so many bytes are compacted at a time, and a stop waits for them. @default 64 MiB */
  readonly stretchBytes?: number
}

/** What can be asked of, and done to, the files of a database as they are. */
export interface Maintenance {
  /** Since when it is being compacted, in ms since 1970; undefined: it is not. */
  readonly compactingSinceMs: number | undefined
  /** Of this process. */
  readonly lastCompaction: Compacted | undefined
  /** Bytes of the database's files. */
  diskBytes(): Promise<number>
  /**
   * Rewrites the files without what was removed; they are read and written meanwhile as always.
   * @throws StorageError ERR_COMPACTING: it is at it; ERR_COMPACT_ROOM; ERR_STORE_UNAVAILABLE
   */
  compact(options?: CompactOptions): Promise<Compacted>
}

export interface MaintenanceComponents {
  readonly database: Database
  readonly disk: Disk
  /** The end of the arrival order. */
  readonly end: () => number
}

const DEFAULT_MAX_MS = 10 * 60_000
/** LevelDB writes a few files of 8 MiB anew before it removes the old ones, and ends what it has begun. */
const MIN_FREE_BYTES = 64 * 1024 * 1024
/** A second or a few of work. */
const DEFAULT_STRETCH_BYTES = 64 * 1024 * 1024
const MAX_STRETCHES = 1_024
const FIRST_KEY = Buffer.of(0)
const LAST_KEY = Buffer.of(255)
/** Families of keys: the arrival order is the first; see keys.ts. */
const ARRIVAL_FAMILY = 0x41
const LAST_FAMILY = 0x5a
/** Those of the others are cut in so many: senders and logs are as good as random. */
const FAMILY_STRETCHES = 4

/**
 * ```
 *   idle ── compact() ──▶ compacting ── all stretches, or the time is over, or it failed, or stop() ──▶ idle
 * ```
 */
export class DatabaseMaintenance implements Maintenance {
  readonly #directory: string
  readonly #components: MaintenanceComponents
  #isStopping = false
  #running: Promise<Compacted> | undefined
  #compactingSinceMs: number | undefined
  #lastCompaction: Compacted | undefined

  constructor({ directory }: { readonly directory: string }, components: MaintenanceComponents) {
    this.#directory = directory
    this.#components = components
  }

  get compactingSinceMs(): number | undefined {
    return this.#compactingSinceMs
  }

  get lastCompaction(): Compacted | undefined {
    return this.#lastCompaction
  }

  async diskBytes(): Promise<number> {
    const names = await readdir(this.#directory)
    const sizes = await Promise.all(names.map((name) => sizeOf(join(this.#directory, name))))
    return sizes.reduce((sum, size) => sum + size, 0)
  }

  async compact(options: CompactOptions = {}): Promise<Compacted> {
    if (this.#running !== undefined) {
      const since = new Date(this.#compactingSinceMs ?? Date.now()).toISOString()
      throw new StorageError(
        'ERR_COMPACTING',
        `the database is being compacted, since ${since}: wait for that`,
      )
    }
    this.#assertRoom()
    this.#isStopping = false
    this.#compactingSinceMs = Date.now()
    this.#running = this.#compact(options).finally(() => {
      this.#running = undefined
      this.#compactingSinceMs = undefined
    })
    return this.#running
  }

  /** Waits for the stretch that is under way; no other is begun. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#running?.catch(() => {})
  }

  #assertRoom(): void {
    const { freeBytes } = this.#components.disk.status
    if (freeBytes === undefined || freeBytes >= MIN_FREE_BYTES) return
    throw new StorageError(
      'ERR_COMPACT_ROOM',
      `the disk of ${this.#directory} has ${Math.floor(freeBytes / 2 ** 20)} MiB free, and a compaction needs ${MIN_FREE_BYTES / 2 ** 20} MiB: free some first`,
    )
  }

  async #compact({
    maxMs = DEFAULT_MAX_MS,
    stretchBytes = DEFAULT_STRETCH_BYTES,
  }: CompactOptions): Promise<Compacted> {
    const startedAtMs = Date.now()
    const beginMs = performance.now()
    const beforeBytes = await this.diskBytes()
    const ended = async (isWhole: boolean, reason?: string) => {
      this.#lastCompaction = {
        startedAtMs,
        tookMs: Math.round(performance.now() - beginMs),
        beforeBytes,
        afterBytes: await this.diskBytes().catch(() => beforeBytes),
        isWhole,
        ...(reason === undefined ? {} : { reason }),
      }
      return this.#lastCompaction
    }
    try {
      const count = Math.min(MAX_STRETCHES, Math.max(1, Math.ceil(beforeBytes / stretchBytes)))
      for (const [from, to] of stretches(count, this.#components.end())) {
        const isLate = from !== FIRST_KEY && performance.now() - beginMs >= maxMs
        if (this.#isStopping || isLate) return await ended(false)
        await this.#components.database.compact(from, to)
      }
    } catch (error) {
      await ended(false, (error as Error).message)
      throw error
    }
    return ended(true)
  }
}

/**
 * All keys, in so many stretches of the arrival order, and as many of the rest at most. Each costs a few syncs, even if
 * there is nothing in it.
 */
function* stretches(count: number, end: number): Generator<[from: Buffer, to: Buffer]> {
  if (count === 1) {
    yield [FIRST_KEY, LAST_KEY]
    return
  }
  const bounds: Buffer[] = [FIRST_KEY]
  for (let index = 1; index < count; index += 1) bounds.push(arrivalKey(Math.floor((end / count) * index)))
  const others = familyBounds()
  const step = Math.ceil(others.length / Math.min(count, others.length))
  bounds.push(...others.filter((_, index) => index % step === 0), LAST_KEY)
  for (const [index, to] of bounds.slice(1).entries()) yield [bounds[index] as Buffer, to]
}

function familyBounds(): Buffer[] {
  const bounds: Buffer[] = []
  for (let family = ARRIVAL_FAMILY + 1; family <= LAST_FAMILY; family += 1) {
    for (let index = 0; index < FAMILY_STRETCHES; index += 1) {
      bounds.push(Buffer.of(family, (256 / FAMILY_STRETCHES) * index))
    }
  }
  return bounds
}

async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path)
    return found.isFile() ? found.size : 0
  } catch (error) {
    // LevelDB has removed it meanwhile.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw error
  }
}
