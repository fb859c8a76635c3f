import type { LogId } from '@pastel-mesh/protocol'

/** How long a reader has a log to itself. Then whoever asks first has it: a slow peer holds nothing up for long. */
const CLAIM_MS = 5_000

/**
 * Which reader fetches which log. A node that comes back finds the same messages missing at every peer: without
 * claims it would fetch them from all.
 */
export class RangeClaims {
  readonly #claims = new Map<LogId, { owner: object; untilMs: number }>()

  /** Claims a log, or goes on claiming it. @returns false if another has it */
  take(log: LogId, owner: object, nowMs: number = performance.now()): boolean {
    const claim = this.#claims.get(log)
    if (claim !== undefined && claim.untilMs > nowMs) return claim.owner === owner
    this.#claims.set(log, { owner, untilMs: nowMs + CLAIM_MS })
    return true
  }

  release(log: LogId, owner: object): void {
    if (this.#claims.get(log)?.owner === owner) this.#claims.delete(log)
  }
}
