/** So many of something for each of many. */
export class Places {
  readonly #max: number
  readonly #taken = new Map<string, number>()

  constructor(max: number) {
    this.#max = max
  }

  /** How many somebody has. */
  count(name: string): number {
    return this.#taken.get(name) ?? 0
  }

  /** @returns to be called once, when it is free again; undefined: whoever it is has all of its places */
  take(name: string): (() => void) | undefined {
    const count = this.count(name)
    if (count >= this.#max) return undefined
    this.#taken.set(name, count + 1)
    return () => {
      const left = (this.#taken.get(name) ?? 1) - 1
      if (left === 0) this.#taken.delete(name)
      else this.#taken.set(name, left)
    }
  }
}
