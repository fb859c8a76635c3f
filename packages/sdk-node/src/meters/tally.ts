/** As many as there are topics that a node can carry at a time, and again as many that it left. */
const MAX_KEYS = 512
const OTHER = 'other'

/** Numbers by name, of which there are only so many: what comes later is counted together. */
export class Tally {
  readonly #values = new Map<string, number>()

  add(key: string, by: number): void {
    const name = this.#nameOf(key)
    this.#values.set(name, (this.#values.get(name) ?? 0) + by)
  }

  set(key: string, value: number): void {
    this.#values.set(this.#nameOf(key), value)
  }

  clear(): void {
    this.#values.clear()
  }

  entries(): Iterable<readonly [key: string, value: number]> {
    return this.#values.entries()
  }

  #nameOf(key: string): string {
    return this.#values.size < MAX_KEYS || this.#values.has(key) ? key : OTHER
  }
}
