import { TokenBucket } from '../inbound/token-bucket.ts'

/** Bytes that one peer may send by gossip: above what a node can verify, far below what would fill it. */
const READ_RATE = { perSecond: 48 * 1024 * 1024, burst: 8 * 1024 * 1024 }

/**
 * Work that one peer may cause by gossip. A frame, a message, a subscription is one unit, some 5 µs; what costs
 * more counts for more. Twice what the fastest sender of single-message batches causes: a tenth of a core.
 */
const WORK_RATE = { perSecond: 10_000, burst: 50_000 }

/** Peers remembered: those that were looked up least recently leave first. */
const MAX_ACCOUNTS = 1_024

/** What one peer has sent, whatever the stream or the connection that it came by. */
export class IntakeAccount {
  readonly #bytes = new TokenBucket(READ_RATE)
  readonly #work = new TokenBucket(WORK_RATE)

  /** Charges what came; the debt delays what comes next. */
  spend(sizeBytes: number, work: number): void {
    this.#bytes.spend(sizeBytes)
    this.#work.spend(work)
  }

  /** How long until the peer may send on, in ms. */
  get delayMs(): number {
    return Math.max(this.#bytes.delayMs(1), this.#work.delayMs(1))
  }
}

/** The accounts of all peers. They outlive connections: a new stream is no new budget. */
export class Intake {
  readonly #accounts = new Map<string, IntakeAccount>()

  account(peer: string): IntakeAccount {
    const account = this.#accounts.get(peer) ?? new IntakeAccount()
    this.#accounts.delete(peer)
    this.#accounts.set(peer, account)
    if (this.#accounts.size > MAX_ACCOUNTS) {
      const [oldest] = this.#accounts.keys()
      if (oldest !== undefined) this.#accounts.delete(oldest)
    }
    return account
  }
}
