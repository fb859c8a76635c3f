import { setTimeout as delay } from 'node:timers/promises'
import { abortable } from './abortable.ts'
import { Lines } from './lines.ts'
import { type Rate, TokenBucket } from './token-bucket.ts'

/** What one peer, or one sender, may deliver. Over it a batch is deferred, never lost: log sync brings it. */
export interface InboundRates {
  /** Bytes of signed batches, their payloads uncompressed. */
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

/** The longest sleep before another look: timers take no more than 2^31 ms, and a rate may be zero. */
const MAX_SLEEP_MS = 60_000

interface Account {
  readonly bytes: TokenBucket
  readonly batches: TokenBucket
}

/** The buckets of everybody who is charged: peers before the signature is checked, senders after. */
export class RateLimiter {
  #rates: InboundRates
  readonly #accounts = new Map<string, Account>()
  /** Those who wait, by account. */
  readonly #lines = new Lines()

  constructor(rates: InboundRates) {
    this.#rates = rates
  }

  /** Other rates from now on; whoever waits looks at them when it looks again. */
  setRates(rates: InboundRates): void {
    this.#rates = rates
    for (const { bytes, batches } of this.#accounts.values()) {
      bytes.setRate(rates.bytes)
      batches.setRate(rates.batches)
    }
  }

  /** Accounts that are remembered. */
  get size(): number {
    return this.#accounts.size
  }

  /**
   * Charges one batch; false, and nothing charged, if that is over the rate, or if others wait for it: they
   * would never see a large batch's worth of tokens otherwise.
   * @param batches 0 for more bytes of a batch that was charged
   */
  take(account: string, sizeBytes: number, batches = 1): boolean {
    if (this.#lines.has(account) || this.#delayMs(account, sizeBytes, batches) > 0) return false
    this.#charge(account, sizeBytes, batches)
    return true
  }

  /** Charges one batch when the rate allows it: in the order of the calls, whatever their sizes. */
  async wait(account: string, sizeBytes: number, signal?: AbortSignal, batches = 1): Promise<void> {
    const { turn, leave } = this.#lines.enter(account)
    try {
      // Only the first in the line looks at the clock.
      if (turn !== undefined) await abortable(turn, signal)
      for (;;) {
        signal?.throwIfAborted()
        const delayMs = this.#delayMs(account, sizeBytes, batches)
        if (delayMs === 0) return this.#charge(account, sizeBytes, batches)
        await delay(Math.min(delayMs, MAX_SLEEP_MS), undefined, signal === undefined ? {} : { signal })
      }
    } finally {
      leave()
    }
  }

  #delayMs(account: string, sizeBytes: number, count: number): number {
    // Nothing waits for nothing, whatever is owed.
    if (sizeBytes === 0 && count === 0) return 0
    const { bytes, batches } = this.#account(account)
    return Math.max(bytes.delayMs(sizeBytes), batches.delayMs(count))
  }

  #charge(account: string, sizeBytes: number, count: number): void {
    const { bytes, batches } = this.#account(account)
    bytes.spend(sizeBytes)
    batches.spend(count)
  }

  #account(name: string): Account {
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
