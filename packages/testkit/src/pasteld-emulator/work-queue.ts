export interface WorkQueueOptions {
  /** Works at a time. */
  readonly threads: number
  /** Works that wait. */
  readonly depth: number
}

export interface Work {
  run(): Promise<void>
  /** It will not be run: the queue was interrupted before its turn. */
  refuse(): void
}

/** The core's queue in front of its RPC threads. */
export class WorkQueue {
  readonly #options: WorkQueueOptions
  readonly #waiting: Work[] = []
  readonly #running = new Set<Promise<void>>()
  #isInterrupted = false

  constructor(options: WorkQueueOptions) {
    this.#options = options
  }

  /** @returns false: there is no room */
  add(work: Work): boolean {
    if (this.#isInterrupted) {
      work.refuse()
      return true
    }
    const isFree = this.#running.size < this.#options.threads
    if (!isFree && this.#waiting.length >= this.#options.depth) return false
    this.#waiting.push(work)
    if (isFree) this.#next()
    return true
  }

  /** What waits is refused, and what comes. */
  interrupt(): void {
    this.#isInterrupted = true
    for (const work of this.#waiting.splice(0)) work.refuse()
  }

  /** Once interrupted: until what is being worked on is done. */
  async idle(): Promise<void> {
    await Promise.all(this.#running)
  }

  #next(): void {
    const work = this.#waiting.shift()
    if (work === undefined) return
    const running = work.run().finally(() => {
      this.#running.delete(running)
      this.#next()
    })
    this.#running.add(running)
  }
}
