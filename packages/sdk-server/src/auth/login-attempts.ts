import { MeshError } from '@pastel-mesh/identity'
import { Buckets } from './buckets.ts'

/**
 * Of one address: people who sign with the wrong key notice soon. Nothing counts by subject, for whoever fails on
 * purpose would keep its owner out, and no signature can be guessed.
 */
const ADDRESS_RATE = { perSecond: 1 / 6, burst: 20 }
/** What is the fault of who tries. */
const FAILURES = new Set(['ERR_LOGIN', 'ERR_NO_ACCESS'])
const WHAT = 'attempts to log in failed'

/** Attempts to log in that failed: others, also those that this node could not keep, cost nothing. */
export class LoginAttempts {
  readonly #addresses = new Buckets(ADDRESS_RATE)

  /** Runs one; while it is under way it counts as one that failed. @throws RateLimitError, before anything is done */
  async from<T>(address: string, attempt: () => Promise<T>): Promise<T> {
    // Taken before: many at once are many.
    this.#addresses.take(address, WHAT)
    try {
      const result = await attempt()
      this.#addresses.giveBack(address)
      return result
    } catch (error) {
      if (!isFailure(error)) this.#addresses.giveBack(address)
      throw error
    }
  }

  /**
   * Runs one of which many may be under way: only those that failed count, once they have. For what nobody can guess, or
   * what few are let in to at a time.
   * @throws RateLimitError, before anything is done
   */
  async fromOneOfMany<T>(address: string, attempt: () => Promise<T>): Promise<T> {
    this.#addresses.assertNotEmpty(address, WHAT)
    try {
      return await attempt()
    } catch (error) {
      if (isFailure(error)) this.#addresses.takeIfThere(address)
      throw error
    }
  }
}

function isFailure(error: unknown): boolean {
  return error instanceof MeshError && FAILURES.has(error.code)
}
