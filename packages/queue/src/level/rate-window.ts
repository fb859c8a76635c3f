import type { RateLimit } from '../driver.ts'

/** When the last few jobs of a name started: no more than `max` in any `perMs` milliseconds. */
export class RateWindow {
  readonly #limit: RateLimit
  /** A ring of the last `max` starts. */
  readonly #starts: number[] = []
  #oldest = 0

  constructor(limit: RateLimit) {
    this.#limit = limit
  }

  /** When the next may start, in ms since 1970; in the past if it may. */
  get freeAtMs(): number {
    if (this.#starts.length < this.#limit.max) return 0
    return (this.#starts[this.#oldest] ?? 0) + this.#limit.perMs
  }

  started(nowMs: number): void {
    this.#starts[this.#oldest] = nowMs
    this.#oldest = (this.#oldest + 1) % this.#limit.max
  }
}
