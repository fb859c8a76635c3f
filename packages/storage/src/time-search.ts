import type { ArrivalReader } from './arrival-reader.ts'

/**
 * Times that are remembered. The first steps of every search look at the same positions, so that on an order of
 * millions half of them need no disk.
 */
const MAX_REMEMBERED = 4096
/** Only positions that are multiples of this are remembered, which searches share. */
const REMEMBERED_EVERY = 256

/** Finds positions of the arrival order by the time at which they were taken in, which never decreases in it. */
export class TimeSearch {
  readonly #reader: ArrivalReader
  readonly #times = new Map<number, number>()

  constructor(components: { reader: ArrivalReader }) {
    this.#reader = components.reader
  }

  /** Positions may be given to other entries from now on. */
  clear(): void {
    this.#times.clear()
  }

  /**
   * The first position below the order's end that was taken in at a time or later; `end`, if there is none.
   *
   * Steps are powers of two from the beginning, whatever the end is: so searches share their first ones.
   */
  async positionAt(timeMs: number, end: number): Promise<number> {
    if (end === 0) return 0
    let low = 0
    for (let step = 2 ** Math.floor(Math.log2(end)); step >= 1; step /= 2) {
      if (low + step > end) continue
      if ((await this.#timeBefore(low + step)) < timeMs) low += step
    }
    return low
  }

  /** When the last position before a place was taken in; of one that was removed, the next that is there. */
  async #timeBefore(place: number): Promise<number> {
    const known = this.#times.get(place)
    if (known !== undefined) return known
    const entry = await this.#reader.entryFrom(place - 1)
    const timeMs = entry?.receivedAtMs ?? Number.POSITIVE_INFINITY
    if (entry === undefined || place % REMEMBERED_EVERY !== 0) return timeMs
    if (this.#times.size >= MAX_REMEMBERED) this.#times.clear()
    this.#times.set(place, timeMs)
    return timeMs
  }
}
