import type { Database } from '@pastel-mesh/storage'
import { type KeyRange, parseEndKey } from './keys.ts'

/** A job that has ended, as its entry says. */
export interface EndedEntry {
  readonly key: Buffer
  readonly id: string
  readonly atMs: number
  /** Empty if it has none. */
  readonly dedupKey: string
}

/** Entries in memory at most, and those that are read at once. */
const MAX_ENTRIES = 5_000
const READ_ENTRIES = 1_000

/**
 * The first of the jobs that have ended in one way: those that retention passes next. Where there are only a few, memory
 * has them all, and nothing is read to remove what is one too many.
 */
export class EndedWindow {
  readonly #range: KeyRange
  #entries: EndedEntry[] = []
  /** Where those on disk begin that memory does not have; undefined: it has all. */
  #behind: Buffer | undefined
  /** What came and went while the disk was being read. */
  #meanwhile: { readonly came: EndedEntry[]; readonly gone: Set<string> } | undefined

  constructor(range: KeyRange) {
    this.#range = range
    this.#behind = range.gte
  }

  /** Nothing is known any more. */
  reset(): void {
    this.#entries = []
    this.#behind = this.#range.gte
    this.#meanwhile = undefined
  }

  /** A job has ended, and that is on disk. */
  add(entry: EndedEntry): void {
    this.#meanwhile?.came.push(entry)
    if (this.#behind !== undefined) return
    this.#entries.push(entry)
    if (this.#entries.length > MAX_ENTRIES) this.#behind = this.#entries.pop()?.key
  }

  /** A job went elsewhere, and that is on disk. */
  remove(id: string): void {
    this.#meanwhile?.gone.add(id)
    const index = this.#entries.findIndex((entry) => entry.id === id)
    if (index >= 0) this.#entries.splice(index, 1)
  }

  /**
   * Takes those that may go, from the first one on; one that is not free stays for another time.
   * @returns them, and whether there may be more
   */
  take(
    max: number,
    mayGo: (entry: EndedEntry, index: number) => boolean,
    isFree: (id: string) => boolean,
  ): { taken: EndedEntry[]; hasMore: boolean } {
    const end = this.#entries.findIndex((entry, index) => index === max || !mayGo(entry, index))
    const first = this.#entries.splice(0, end < 0 ? this.#entries.length : end)
    const isEmpty = this.#entries.length === 0 && this.#behind !== undefined
    this.#entries.unshift(...first.filter(({ id }) => !isFree(id)))
    const taken = first.filter(({ id }) => isFree(id))
    return { taken, hasMore: taken.length > 0 && (first.length === max || isEmpty) }
  }

  /** Reads on if memory has none and the disk may. */
  async fill(database: Database): Promise<void> {
    if (this.#behind === undefined || this.#entries.length > 0) return
    const meanwhile = { came: [] as EndedEntry[], gone: new Set<string>() }
    this.#meanwhile = meanwhile
    const read: EndedEntry[] = []
    const range = { ...this.#range, gte: this.#behind, limit: READ_ENTRIES, readAhead: READ_ENTRIES }
    for await (const [key, value] of database.iterate(range)) {
      read.push({ key, ...parseEndKey(key), dedupKey: value.toString() })
    }
    // Reset since: what was read is void.
    if (this.#meanwhile !== meanwhile) return
    this.#meanwhile = undefined
    const last = read.at(-1)
    const isAll = read.length < READ_ENTRIES || last === undefined
    this.#behind = isAll ? undefined : Buffer.concat([last.key, Buffer.alloc(1)])
    this.#entries = read.filter(({ id }) => !meanwhile.gone.has(id))
    if (!isAll) return
    const there = new Set(read.map(({ id }) => id))
    for (const entry of meanwhile.came) {
      if (!there.has(entry.id) && !meanwhile.gone.has(entry.id)) this.add(entry)
    }
  }
}
