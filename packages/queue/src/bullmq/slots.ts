/** So many at a time; the others wait their turn. */
export class Slots {
  #free: number
  readonly #waiting = new Set<(isTaken: boolean) => void>()
  #isClosed = false

  constructor(count: number) {
    this.#free = count
  }

  /**
   * @param onWaiting hears how to wait no longer, if there is none now
   * @returns false if there are none any more, or whoever waited does so no longer
   */
  async take(onWaiting: (leave: () => void) => void): Promise<boolean> {
    if (this.#isClosed) return false
    if (this.#free > 0) {
      this.#free -= 1
      return true
    }
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.#waiting.add(resolve)
    onWaiting(() => {
      // Otherwise it has one already.
      if (this.#waiting.delete(resolve)) resolve(false)
    })
    return promise
  }

  release(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#free += 1
      return
    }
    this.#waiting.delete(next)
    next(true)
  }

  /** Whoever waits gets none. */
  close(): void {
    this.#isClosed = true
    for (const resolve of this.#waiting) resolve(false)
    this.#waiting.clear()
  }
}
