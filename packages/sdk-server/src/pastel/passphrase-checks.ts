import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { MeshError } from '@pastel-mesh/identity'
import { LoginAttempts } from '../auth/login-attempts.ts'
import { RateLimitError } from '../auth/rate-limit-error.ts'

/** Passphrases that are tried at a time: opening a key file takes 64 MiB. */
const MAX_AT_A_TIME = 2
/** Calls that wait for that. */
const MAX_WAITING = 64
const BUSY_MS = 1_000

/**
 * Slows down who guesses the passphrase of the node, and nobody who knows it: only wrong ones count, and one that was
 * right is tried no more, so that it is neither counted nor waits. Of that one, a keyed hash is kept, in memory alone.
 */
export class PassphraseChecks {
  readonly #attempts = new LoginAttempts()
  readonly #key = randomBytes(32)
  readonly #waiting = new Set<() => void>()
  #running = 0
  #right: Buffer | undefined

  /**
   * Runs what needs the passphrase, and fails with ERR_LOGIN if that is wrong.
   * @param gone whoever asked has hung up
   * @throws RateLimitError; the signal's reason; as `use`
   */
  async run<T>(passphrase: string, gone: AbortSignal, use: () => Promise<T>): Promise<T> {
    const hash = createHmac('sha256', this.#key).update(passphrase).digest()
    if (this.#isRight(hash)) return this.#use(hash, use)
    await this.#enter(gone)
    try {
      // Whoever waited may have come for the same.
      if (this.#isRight(hash)) return await this.#use(hash, use)
      return await this.#attempts.fromOneOfMany('passphrase', () => this.#use(hash, use))
    } finally {
      this.#leave()
    }
  }

  async #use<T>(hash: Buffer, use: () => Promise<T>): Promise<T> {
    try {
      const result = await use()
      this.#right = hash
      return result
    } catch (error) {
      // The key may have got another.
      if (error instanceof MeshError && error.code === 'ERR_LOGIN' && this.#isRight(hash))
        this.#right = undefined
      throw error
    }
  }

  #isRight(hash: Buffer): boolean {
    return this.#right !== undefined && timingSafeEqual(this.#right, hash)
  }

  async #enter(gone: AbortSignal): Promise<void> {
    gone.throwIfAborted()
    if (this.#running < MAX_AT_A_TIME) {
      this.#running += 1
      return
    }
    if (this.#waiting.size >= MAX_WAITING)
      throw new RateLimitError('too many calls with a passphrase are under way: try again in 1 s', BUSY_MS)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const abort = () => {
      this.#waiting.delete(resolve)
      reject(gone.reason)
    }
    this.#waiting.add(resolve)
    gone.addEventListener('abort', abort, { once: true })
    await promise
    gone.removeEventListener('abort', abort)
  }

  /** The place goes to who waited longest. */
  #leave(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#running -= 1
      return
    }
    this.#waiting.delete(next)
    next()
  }
}
