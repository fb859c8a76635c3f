/** Weight of a new sample in the smoothed time: RFC 6298. */
const ROUND_TRIP_WEIGHT = 1 / 8
/** Weight of a new difference in the jitter: RFC 3550, A.8. */
const JITTER_WEIGHT = 1 / 16

/**
 * Smoothed round-trip time (as RFC 6298, section 2, does it) and its jitter (as RFC 3550, section 6.4.1: the mean
 * difference from one sample to the next), in ms.
 */
export class RoundTrip {
  #roundTripMs: number | undefined
  #jitterMs: number | undefined
  #lastMs = 0

  add(sampleMs: number): void {
    if (this.#roundTripMs === undefined) {
      this.#roundTripMs = sampleMs
    } else {
      const difference = Math.abs(sampleMs - this.#lastMs)
      this.#roundTripMs += (sampleMs - this.#roundTripMs) * ROUND_TRIP_WEIGHT
      const jitterMs: number = this.#jitterMs ?? 0
      this.#jitterMs = jitterMs + (difference - jitterMs) * JITTER_WEIGHT
    }
    this.#lastMs = sampleMs
  }

  /** `undefined` until there is a sample. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs
  }

  /** `undefined` until there are two samples. */
  get jitterMs(): number | undefined {
    return this.#jitterMs
  }
}
