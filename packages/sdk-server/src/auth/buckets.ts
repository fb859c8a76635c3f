import { type Rate, TokenBucket } from '@pastel-mesh/sdk-node'
import { tooMany } from './rate-limit-error.ts'

/** A hundred bytes each; who was seen longest ago is forgotten, and begins with a full bucket. */
const MAX_BUCKETS = 10_000

/** A token bucket for each of many callers. */
export class Buckets {
  #rate: Rate
  /** The one that was used longest ago first. */
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(rate: Rate) {
    this.#rate = rate
  }

  /** @param what there is too much of. @throws RateLimitError */
  take(name: string, what: string): void {
    const bucket = this.#get(name)
    if (!bucket.take(1)) throw tooMany(what, bucket.delayMs(1))
  }

  /** As {@link take}, without taking. @throws RateLimitError */
  assertNotEmpty(name: string, what: string): void {
    const delayMs = this.#get(name).delayMs(1)
    if (delayMs > 0) throw tooMany(what, delayMs)
  }

  /** For what has happened already. */
  takeIfThere(name: string): void {
    this.#get(name).take(1)
  }

  /** Another rate from now on, for those that were seen as well. */
  setRate(rate: Rate): void {
    this.#rate = rate
    for (const bucket of this.#buckets.values()) bucket.setRate(rate)
  }

  giveBack(name: string): void {
    this.#get(name).giveBack(1)
  }

  #get(name: string): TokenBucket {
    const bucket = this.#buckets.get(name) ?? new TokenBucket(this.#rate)
    this.#buckets.delete(name)
    this.#buckets.set(name, bucket)
    if (this.#buckets.size > MAX_BUCKETS) {
      const [oldest] = this.#buckets.keys()
      this.#buckets.delete(oldest as string)
    }
    return bucket
  }
}
