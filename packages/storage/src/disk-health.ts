import { statfs } from 'node:fs/promises'
import { StorageError } from './errors.ts'
import { Listeners } from './listeners.ts'

/**
 * How the disk under a store is.
 *
 * - `ok`: everything is taken.
 * - `low`: less is free than the reserve; nothing new is taken, what is stored can be read.
 * - `failing`: the last write failed; the database is opened anew, and writing is tried again after a pause.
 */
export type DiskState = 'ok' | 'low' | 'failing'

export interface DiskStatus {
  readonly state: DiskState
  /** What an ordinary user can still write, when it was last looked at; undefined if the system does not say. */
  readonly freeBytes: number | undefined
  /** The reserve; 0: none. */
  readonly minFreeBytes: number
  /** What the last write failed with; only while it is `failing`. */
  readonly reason?: string
}

/** What others may know of the disk under a store. */
export interface Disk {
  readonly status: DiskStatus
  /** Whether there is room for something new. A disk that fails is not asked: its writer refuses by itself. */
  readonly hasRoom: boolean
  /** @throws StorageError ERR_DISK_RESERVE if there is no room for something new */
  assertRoom(): void
  /**
   * Calls back once for every change of the state.
   * @returns removes the listener
   */
  onChange(listener: (status: DiskStatus) => void): () => void
}

export interface DiskHealthOptions {
  readonly directory: string
  /**
   * Free space, in bytes, below which nothing new is taken; 0 takes until the disk is full.
   * @default 256 MiB
   */
  readonly minFreeBytes?: number
}

export interface DiskHealthComponents {
  /** Free bytes of the file system that a folder is on. @default asks the system */
  readonly freeBytes?: (directory: string) => Promise<number>
  /** Tries to write when the last write failed: nobody else may want to for long. @default nobody tries */
  readonly probe?: () => void
}

/**
 * What LevelDB needs to end well what it has begun, and small things that are written all the same: two write
 * buffers of 16 MiB, and the second copy that a compaction makes of up to 25 files of 8 MiB, seldom of more than
 * three.
 */
export const DEFAULT_MIN_FREE_BYTES = 256 * 1024 * 1024

/** Freed space counts when it is more than a little, or a node at the edge would change its mind every second. */
const HYSTERESIS_SHARE = 4
const MAX_HYSTERESIS_BYTES = 256 * 1024 * 1024

/** How often the system is asked: others write to the disk as well. A look costs some ten microseconds. */
const CHECK_INTERVAL_MS = 1_000

/** Bytes that reach the disk for each that is committed: log, sorted file, compactions. */
const WRITE_AMPLIFICATION = 4

/**
 * Knows how the disk under a store is: looks on a timer, and whenever enough was written since the last look
 * that half of the room could be gone.
 */
export class DiskHealth implements Disk {
  readonly #directory: string
  readonly #minFreeBytes: number
  readonly #probe: () => void
  readonly #ask: (directory: string) => Promise<number>
  readonly #changes = new Listeners<DiskStatus>()
  #freeBytes: number | undefined
  #isLow = false
  #failure: string | undefined
  #writtenBytes = 0
  #timer: NodeJS.Timeout | undefined
  #checking: Promise<void> | undefined
  #told: DiskState = 'ok'

  constructor(options: DiskHealthOptions, components: DiskHealthComponents = {}) {
    this.#directory = options.directory
    this.#minFreeBytes = options.minFreeBytes ?? DEFAULT_MIN_FREE_BYTES
    this.#probe = components.probe ?? (() => {})
    this.#ask = components.freeBytes ?? askSystem
  }

  get status(): DiskStatus {
    const base = { freeBytes: this.#freeBytes, minFreeBytes: this.#minFreeBytes }
    if (this.#failure !== undefined) return { state: 'failing', ...base, reason: this.#failure }
    return { state: this.#isLow ? 'low' : 'ok', ...base }
  }

  get hasRoom(): boolean {
    return !this.#isLow
  }

  assertRoom(): void {
    if (!this.#isLow) return
    throw new StorageError(
      'ERR_DISK_RESERVE',
      `nothing new is stored: the disk of ${this.#directory} has ${mebibytes(this.#freeBytes ?? 0)} free, below the reserve of ${mebibytes(this.#minFreeBytes)}: free ${mebibytes(this.#enoughBytes - (this.#freeBytes ?? 0))} or lower the reserve`,
    )
  }

  onChange(listener: (status: DiskStatus) => void): () => void {
    return this.#changes.add(listener)
  }

  /** Looks now, and from then on; the folder is there. */
  async start(): Promise<void> {
    await this.check()
    clearInterval(this.#timer)
    this.#timer = setInterval(() => this.#look(), CHECK_INTERVAL_MS)
    // Looking is no reason for a process to go on.
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    await this.#checking
  }

  /** Looks how much is free; several at once are one look. */
  check(): Promise<void> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined
    })
    return this.#checking
  }

  /** A write came through. */
  wrote(sizeBytes: number): void {
    this.#failure = undefined
    this.#tell()
    this.#writtenBytes += sizeBytes
    const roomBytes = (this.#freeBytes ?? 0) - this.#minFreeBytes
    if (!this.#isLow && this.#writtenBytes * WRITE_AMPLIFICATION > roomBytes / 2) void this.check()
  }

  /** A write failed. */
  failed(cause: unknown): void {
    this.#failure = (cause as Error).message
    this.#tell()
    void this.check()
  }

  #look(): void {
    void this.check()
    if (this.#failure !== undefined) this.#probe()
  }

  async #check(): Promise<void> {
    this.#writtenBytes = 0
    try {
      this.#freeBytes = await this.#ask(this.#directory)
    } catch {
      // Without an answer nothing is refused: a disk that is full shows when a write fails.
      this.#freeBytes = undefined
    }
    const free = this.#freeBytes ?? Number.POSITIVE_INFINITY
    this.#isLow = free < (this.#isLow ? this.#enoughBytes : this.#minFreeBytes)
    this.#tell()
  }

  /** What must be free for a disk that was low to be taken for good again. */
  get #enoughBytes(): number {
    return this.#minFreeBytes + Math.min(this.#minFreeBytes / HYSTERESIS_SHARE, MAX_HYSTERESIS_BYTES)
  }

  #tell(): void {
    const { status } = this
    if (status.state === this.#told) return
    this.#told = status.state
    this.#changes.call(status)
  }
}

async function askSystem(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`
}
