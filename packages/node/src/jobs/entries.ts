/** Reads from a generator, and says when there is nothing at the moment. */
export class Entries<T> {
  readonly #entries: AsyncGenerator<T>
  #next: Promise<IteratorResult<T, void>> | undefined
  #interrupt: () => void = () => {}

  constructor(entries: AsyncGenerator<T>) {
    this.#entries = entries
  }

  /** The next one, as soon as it comes; undefined after {@link interrupt}. */
  async next(): Promise<T | undefined> {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    this.#interrupt = () => resolve(undefined)
    return this.#either(promise)
  }

  /** The next one, if it is there. */
  nextReady(): Promise<T | undefined> {
    return this.#either(new Promise((resolve) => setImmediate(() => resolve(undefined))))
  }

  interrupt(): void {
    this.#interrupt()
  }

  /** Reads no more. Whatever the generator waits for must have been ended. */
  end(): void {
    this.#entries.return(undefined).catch(() => {})
  }

  async #either(nothing: Promise<undefined>): Promise<T | undefined> {
    if (this.#next === undefined) {
      this.#next = this.#entries.next()
      // It may fail when nobody waits for it any more.
      this.#next.catch(() => {})
    }
    const result = await Promise.race([this.#next, nothing])
    if (result === undefined) return undefined
    this.#next = undefined
    if (result.done === true) throw new Error('there is nothing more to read')
    return result.value
  }
}
