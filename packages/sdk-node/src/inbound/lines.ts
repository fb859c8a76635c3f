/** A place in a line. */
export interface Place {
  /** Resolves when all those ahead have left; undefined: nobody is. */
  readonly turn: Promise<void> | undefined
  /** To be called in any case, also by one who leaves before his turn. */
  leave(): void
}

/**
 * Lines by name, each served in the order of arrival. One keeps the batches of a log in the order in which they
 * came, though their signatures are checked side by side; one serves those who wait for a rate.
 */
export class Lines {
  readonly #last = new Map<string, Promise<void>>()

  /** Lines in which somebody stands. */
  get size(): number {
    return this.#last.size
  }

  has(name: string): boolean {
    return this.#last.has(name)
  }

  enter(name: string): Place {
    const turn = this.#last.get(name)
    const { promise, resolve } = Promise.withResolvers<void>()
    const line = turn === undefined ? promise : turn.then(() => promise)
    this.#last.set(name, line)
    return {
      turn,
      leave: () => {
        resolve()
        if (this.#last.get(name) === line) this.#last.delete(name)
      },
    }
  }
}
