import { MeshError } from '@pastel-mesh/identity'
import { Buckets } from './buckets.ts'

/**
 * Of one address: people who sign with the wrong key notice soon. Nothing counts by subject, for whoever fails on
 * purpose would keep its owner out, and no signature can be guessed.
 */
const ADDRESS_RATE = { perSecond: 1 / 6, burst: 20 }
/** What is the fault of who tries. */
const FAILURES = new Set(['ERR_LOGIN', 'ERR_NO_ACCESS'])

/** Attempts to log in that failed, or are under way: others, also those that this node could not keep, cost nothing. */
export class LoginAttempts {
  readonly #addresses = new Buckets(ADDRESS_RATE)

  /** Runs one. @throws RateLimitError, before anything is done */
  async from<T>(address: string, attempt: () => Promise<T>): Promise<T> {
    // Taken before: many at once are many.
    this.#addresses.take(address, 'attempts to log in failed')
    try {
      const result = await attempt()
      this.#addresses.giveBack(address)
      return result
    } catch (error) {
      if (!(error instanceof MeshError && FAILURES.has(error.code))) this.#addresses.giveBack(address)
      throw error
    }
  }
}
