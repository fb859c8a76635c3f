import type { Database } from './database.ts'
import { type Index, type ScanEntry, type ScanRange, scan } from './index-scan.ts'

/** Entries passed one by one before it leaps: about what a leap costs, and what the database reads ahead. */
const MAX_STEPS = 32

/** A list of entries by position, read in one direction, which can leap ahead. */
export class PostingList {
  readonly #database: Database
  readonly #index: Index
  readonly #range: ScanRange
  #entries: AsyncGenerator<ScanEntry>

  constructor(database: Database, index: Index, range: ScanRange) {
    this.#database = database
    this.#index = index
    // No more at once than it passes before it leaps.
    this.#range = { ...range, readAhead: Math.min(range.readAhead ?? 1, MAX_STEPS), maxReadAhead: MAX_STEPS }
    this.#entries = scan(database, index, this.#range)
  }

  /** @param target where an entry begins: the next one there or beyond it. @default the next one */
  async next(target?: number): Promise<ScanEntry | undefined> {
    const { reverse = false } = this.#range
    for (let steps = 0; ; steps += 1) {
      const { done, value } = await this.#entries.next()
      if (done === true) return undefined
      if (target === undefined || (reverse ? value.position <= target : value.position >= target))
        return value
      if (steps >= MAX_STEPS) await this.#leap(target)
    }
  }

  async close(): Promise<void> {
    await this.#entries.return(undefined)
  }

  async #leap(target: number): Promise<void> {
    await this.close()
    const range = this.#range.reverse ? { to: target + 1 } : { from: target, beginsAtFrom: true }
    this.#entries = scan(this.#database, this.#index, { ...this.#range, ...range })
  }
}

/** The entries that two lists of the same direction have in common: each leaps to where the other stands. */
export async function* intersect(a: PostingList, b: PostingList): AsyncGenerator<ScanEntry[]> {
  try {
    let [ahead, behind] = [a, b]
    let front = await ahead.next()
    while (front !== undefined) {
      const met = await behind.next(front.position)
      if (met?.position === front.position) {
        yield [met]
        front = await ahead.next()
      } else {
        front = met
        const leader = behind
        behind = ahead
        ahead = leader
      }
    }
  } finally {
    await Promise.all([a.close(), b.close()])
  }
}
