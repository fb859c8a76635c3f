/** An operator who did not see it the first time sees it the next. */
const PAUSE_MS = 10 * 60_000
/** Things that are remembered; above it those go that were said longest ago. */
const MAX_REMEMBERED = 1_024

/** Keeps what happens again and again from being said each time. */
export class Seldom {
  readonly #said = new Map<string, number>()
  readonly #now: () => number

  /** @param now monotonic time, in ms */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Whether something is to be said now: it has not been for ten minutes. */
  isDue(what: string): boolean {
    const nowMs = this.#now()
    const beforeMs = this.#said.get(what)
    if (beforeMs !== undefined && nowMs - beforeMs < PAUSE_MS) return false
    this.#said.delete(what)
    this.#said.set(what, nowMs)
    for (const oldest of this.#said.keys()) {
      if (this.#said.size <= MAX_REMEMBERED) break
      this.#said.delete(oldest)
    }
    return true
  }
}
