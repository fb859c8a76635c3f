/** How long a reader has a line to itself. Then whoever asks first has it: a slow peer holds nothing up for long. */
const CLAIM_MS = 5_000

/**
 * Which reader fetches which line: the logs of one sender in one channel, which follow each other. A node that comes
 * back finds the same messages missing at every peer: without claims it would fetch them from all; and if several
 * brought logs of one line, those that follow would come before those that they wait for.
 */
export class RangeClaims {
  readonly #claims = new Map<string, { owner: object; untilMs: number }>()

  /** Claims a line, or goes on claiming it. @returns false if another has it */
  take(line: string, owner: object, nowMs: number = performance.now()): boolean {
    const claim = this.#claims.get(line)
    if (claim !== undefined && claim.untilMs > nowMs) return claim.owner === owner
    this.#claims.set(line, { owner, untilMs: nowMs + CLAIM_MS })
    return true
  }

  release(line: string, owner: object): void {
    if (this.#claims.get(line)?.owner === owner) this.#claims.delete(line)
  }
}
