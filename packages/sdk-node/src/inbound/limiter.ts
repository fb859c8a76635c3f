/** Turns that the urgent take in a row while others wait: these come forward, however much is urgent. */
const MAX_URGENT_IN_ROW = 8

/** Runs at most so many tasks at once, in the order of their arrival; urgent ones before the others. */
export class Limiter {
  readonly #limit: number
  #running = 0
  readonly #urgent: (() => void)[] = []
  readonly #waiting: (() => void)[] = []
  #urgentInRow = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  async run<T>(task: () => Promise<T>, isUrgent = false): Promise<T> {
    if (this.#running >= this.#limit) {
      await new Promise<void>((resolve) => (isUrgent ? this.#urgent : this.#waiting).push(resolve))
    } else this.#running += 1
    try {
      return await task()
    } finally {
      const next = this.#next()
      if (next === undefined) this.#running -= 1
      else next()
    }
  }

  #next(): (() => void) | undefined {
    const isOthersTurn = this.#waiting.length > 0 && this.#urgentInRow >= MAX_URGENT_IN_ROW
    const urgent = isOthersTurn ? undefined : this.#urgent.shift()
    this.#urgentInRow = urgent === undefined ? 0 : this.#urgentInRow + 1
    return urgent ?? this.#waiting.shift()
  }
}
