import { PasteldError } from './pasteld-error.ts'

export interface PlacesOptions {
  /** Calls that are made at a time. */
  readonly concurrency: number
  /** Calls that may wait for that, or for their next try. */
  readonly maxWaiting: number
  /** What all calls that are not over may hold of requests, in bytes; one alone may be larger. */
  readonly maxBytes: number
}

/** How many calls there may be: those that are made, and those that wait, in the order in which they came. */
export class Places {
  readonly #options: PlacesOptions
  readonly #waiting = new Set<() => void>()
  #taken = 0
  #calls = 0
  #bytes = 0

  constructor(options: PlacesOptions) {
    this.#options = options
  }

  /** Lets in a call with a request of that size. @returns lets it out @throws PasteldError ERR_PASTELD_BUSY */
  enter(sizeBytes: number): () => void {
    const { concurrency, maxWaiting, maxBytes } = this.#options
    if (this.#calls >= concurrency + maxWaiting) {
      throw new PasteldError(
        'ERR_PASTELD_BUSY',
        `${this.#calls} calls to the core are not over yet: try later`,
      )
    }
    if (this.#calls > 0 && this.#bytes + sizeBytes > maxBytes) {
      const message = `calls to the core that are not over yet hold ${this.#bytes} bytes: try later`
      throw new PasteldError('ERR_PASTELD_BUSY', message)
    }
    this.#calls += 1
    this.#bytes += sizeBytes
    return () => {
      this.#calls -= 1
      this.#bytes -= sizeBytes
    }
  }

  /** Waits for a place. @returns gives it back @throws the signal's reason */
  async take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    if (this.#taken < this.#options.concurrency) this.#taken += 1
    else await this.#wait(signal)
    return () => {
      const [next] = this.#waiting
      // The place goes from hand to hand: nobody who comes meanwhile is faster.
      if (next === undefined) this.#taken -= 1
      else next()
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => () => {
        this.#waiting.delete(next)
        signal.removeEventListener('abort', abort)
        end()
      }
      const next = settle(resolve)
      const abort = settle(() => reject(signal.reason))
      this.#waiting.add(next)
      signal.addEventListener('abort', abort, { once: true })
    })
  }
}
