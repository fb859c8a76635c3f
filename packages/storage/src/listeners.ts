/** Functions to call back. One that throws neither stops the others nor the caller: the error is uncaught. */
export class Listeners<T = void> {
  readonly #listeners = new Set<{ listener: (value: T) => void }>()

  get size(): number {
    return this.#listeners.size
  }

  /** @returns removes the listener */
  add(listener: (value: T) => void): () => void {
    const entry = { listener }
    this.#listeners.add(entry)
    return () => this.#listeners.delete(entry)
  }

  call(value: T): void {
    for (const { listener } of this.#listeners) {
      try {
        listener(value)
      } catch (error) {
        process.nextTick(() => {
          throw error
        })
      }
    }
  }
}
