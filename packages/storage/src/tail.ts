import { ENCODING_PLAIN, payloadContentBytes } from '@pastel-mesh/protocol'
import type { StoredBatch, StoredEntry } from './stored-entry.ts'

/** Memory that the tail takes: what a subscriber may lag behind before it reads from disk. */
const MAX_TAIL_BYTES = 8 * 1024 * 1024

/** What an entry takes beside its envelope, and each of its messages once decoded: rough, and rather too much. */
const ENTRY_BYTES = 2048
const MESSAGE_BYTES = 256

/** The newest entries of the arrival order, in memory, so that live readers do not touch the disk. */
export class Tail {
  #entries: (StoredEntry | undefined)[] = []
  /** Entries before this index have been dropped; the array is cut when they are many. */
  #start = 0
  #bytes = 0

  push(entry: StoredEntry): void {
    this.#entries.push(entry)
    this.#bytes += memoryOf(entry)
    while (this.#bytes > MAX_TAIL_BYTES && this.#start < this.#entries.length - 1) this.#drop()
    if (this.#start > 1024 && this.#start * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start)
      this.#start = 0
    }
  }

  /**
   * Entries that hold positions from `position` on, at most `limit`; undefined if the tail does not reach
   * back that far.
   */
  from(position: number, limit: number = Number.POSITIVE_INFINITY): StoredEntry[] | undefined {
    const oldest = this.#entries[this.#start]
    if (oldest === undefined || position < oldest.position) return undefined
    let low = this.#start
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const entry = this.#at(middle)
      if (entry.position + entry.count <= position) low = middle + 1
      else high = middle
    }
    return this.#entries.slice(low, low + limit) as StoredEntry[]
  }

  /** Entries before a position have been removed: what is left of them is on the disk. */
  dropBefore(position: number): void {
    while (this.#start < this.#entries.length && this.#at(this.#start).position < position) this.#drop()
  }

  clear(): void {
    this.#entries = []
    this.#start = 0
    this.#bytes = 0
  }

  #drop(): void {
    this.#bytes -= memoryOf(this.#at(this.#start))
    this.#entries[this.#start] = undefined
    this.#start += 1
  }

  #at(index: number): StoredEntry {
    return this.#entries[index] as StoredEntry
  }
}

function memoryOf(entry: StoredEntry): number {
  const bytes = entry.kind === 'batch' ? bytesOf(entry) : 0
  return bytes + ENTRY_BYTES + entry.count * MESSAGE_BYTES
}

function bytesOf({ envelope, signed: { batch } }: StoredBatch): number {
  // A hundred bytes may hold half a megabyte.
  return envelope.length + (batch.encoding === ENCODING_PLAIN ? 0 : payloadContentBytes(batch))
}
