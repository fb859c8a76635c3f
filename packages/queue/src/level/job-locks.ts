/** Lets one change of a job wait for the one before. */
export class JobLocks {
  readonly #held = new Map<string, Promise<unknown>>()

  isHeld(id: string): boolean {
    return this.#held.has(id)
  }

  /** Lets those wait that would change any of these, none of which is held. */
  async holdAll<T>(ids: readonly string[], change: () => Promise<T>): Promise<T> {
    const done = change()
    const settled = done.then(
      () => {},
      () => {},
    )
    for (const id of ids) this.#held.set(id, settled)
    try {
      return await done
    } finally {
      for (const id of ids) if (this.#held.get(id) === settled) this.#held.delete(id)
    }
  }

  async hold<T>(id: string, change: () => Promise<T>): Promise<T> {
    while (this.#held.has(id)) await this.#held.get(id)
    return this.holdAll([id], change)
  }
}
