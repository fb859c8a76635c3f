import { Buckets } from './buckets.ts'

/** Of one address: people who sign with the wrong key notice soon. */
const ADDRESS_RATE = { perSecond: 1 / 6, burst: 20 }
/**
 * For one subject, from wherever: no signature can be guessed, so this is for the log's and the processor's sake, and
 * short enough that whoever fails on purpose keeps its owner out for seconds.
 */
const SUBJECT_RATE = { perSecond: 1 / 3, burst: 20 }

/** Attempts to log in that failed, or are under way: those that succeed cost nothing. */
export class LoginAttempts {
  readonly #addresses = new Buckets(ADDRESS_RATE)
  readonly #subjects = new Buckets(SUBJECT_RATE)

  /** Runs one. @throws RateLimitError, before anything is done */
  async from<T>(address: string, attempt: () => Promise<T>): Promise<T> {
    return charged(this.#addresses, address, attempt)
  }

  /** Runs one. @throws RateLimitError, before anything is done */
  async of<T>(subject: string, attempt: () => Promise<T>): Promise<T> {
    return charged(this.#subjects, subject, attempt)
  }
}

/** Taken before: many at once are many. */
async function charged<T>(buckets: Buckets, name: string, attempt: () => Promise<T>): Promise<T> {
  buckets.take(name, 'attempts to log in failed')
  const result = await attempt()
  buckets.giveBack(name)
  return result
}
