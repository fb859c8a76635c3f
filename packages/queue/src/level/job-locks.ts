/** Lets one change of a job wait for the one before. */
export class JobLocks {
  readonly #held = new Map<string, Promise<unknown>>()

  isHeld(id: string): boolean {
    return this.#held.has(id)
  }

  async hold<T>(id: string, change: () => Promise<T>): Promise<T> {
    while (this.#held.has(id)) await this.#held.get(id)
    const done = change()
    const settled = done.then(
      () => {},
      () => {},
    )
    this.#held.set(id, settled)
    try {
      return await done
    } finally {
      if (this.#held.get(id) === settled) this.#held.delete(id)
    }
  }
}
