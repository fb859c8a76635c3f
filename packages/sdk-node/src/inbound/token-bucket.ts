export interface Rate {
  /** Tokens that come back in a second. */
  readonly perSecond: number
  /** Tokens that a bucket holds at most. */
  readonly burst: number
}

/** A token bucket: what is spent comes back with time. */
export class TokenBucket {
  #rate: Rate
  #tokens: number
  #updatedMs: number
  readonly #now: () => number

  constructor(rate: Rate, now: () => number = () => performance.now()) {
    this.#rate = rate
    this.#tokens = rate.burst
    this.#now = now
    this.#updatedMs = now()
  }

  /** Another rate from now on. What the bucket holds stays, as far as it has room for it. */
  setRate(rate: Rate): void {
    this.#refill()
    this.#rate = rate
    this.#tokens = Math.min(this.#tokens, rate.burst)
  }

  /** Takes the tokens if they are there. A charge above the burst passes when the bucket is full. */
  take(tokens: number): boolean {
    if (this.delayMs(tokens) > 0) return false
    this.#tokens -= tokens
    return true
  }

  /** Takes the tokens whatever is there: for what has happened already. The debt delays what comes next. */
  spend(tokens: number): void {
    this.#refill()
    this.#tokens -= tokens
  }

  /** Puts back what was taken for nothing. */
  giveBack(tokens: number): void {
    this.#refill()
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + tokens)
  }

  /** How long until the bucket holds so many tokens, in ms; 0: it does. */
  delayMs(tokens: number): number {
    this.#refill()
    const missing = Math.min(tokens, this.#rate.burst) - this.#tokens
    return missing <= 0 ? 0 : Math.ceil((missing / this.#rate.perSecond) * 1000)
  }

  #refill(): void {
    const now = this.#now()
    const gained = ((now - this.#updatedMs) / 1000) * this.#rate.perSecond
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + gained)
    this.#updatedMs = now
  }
}
