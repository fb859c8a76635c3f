import { type Rate, TokenBucket } from './token-bucket.ts'

/** What one peer, or one sender, may deliver. Over it a batch is deferred, never lost: log sync brings it. */
export interface InboundRates {
  /** Bytes of signed batches. */
  readonly bytes: Rate
  /** Batches: each costs a signature check of about 0.25 ms of one core. */
  readonly batches: Rate
}

/**
 * Twice what two cores verify and store of the largest batches, and what one core verifies of the smallest;
 * the burst lets a node that was away catch up at full speed for a few seconds.
 */
export const DEFAULT_RATES: InboundRates = {
  bytes: { perSecond: 48 * 1024 * 1024, burst: 192 * 1024 * 1024 },
  batches: { perSecond: 4_000, burst: 20_000 },
}

/** Peers and senders remembered: the least recently charged leave first. */
const MAX_ACCOUNTS = 8192

/** The buckets of everybody who is charged: peers before the signature is checked, senders after. */
export class RateLimiter {
  readonly #rates: InboundRates
  readonly #accounts = new Map<string, { bytes: TokenBucket; batches: TokenBucket }>()

  constructor(rates: InboundRates) {
    this.#rates = rates
  }

  /** Charges one batch; false, and nothing charged, if that is over the rate. */
  take(account: string, sizeBytes: number): boolean {
    const { bytes, batches } = this.#account(account)
    if (bytes.delayMs(sizeBytes) > 0 || batches.delayMs(1) > 0) return false
    bytes.take(sizeBytes)
    batches.take(1)
    return true
  }

  /** Charges one batch, waiting until the rate allows it. */
  async wait(account: string, sizeBytes: number, signal?: AbortSignal): Promise<void> {
    const { bytes, batches } = this.#account(account)
    await bytes.wait(sizeBytes, signal)
    await batches.wait(1, signal)
  }

  #account(name: string): { bytes: TokenBucket; batches: TokenBucket } {
    let account = this.#accounts.get(name)
    if (account !== undefined) {
      this.#accounts.delete(name)
    } else {
      account = { bytes: new TokenBucket(this.#rates.bytes), batches: new TokenBucket(this.#rates.batches) }
      if (this.#accounts.size >= MAX_ACCOUNTS) {
        const [oldest] = this.#accounts.keys()
        if (oldest !== undefined) this.#accounts.delete(oldest)
      }
    }
    this.#accounts.set(name, account)
    return account
  }
}
