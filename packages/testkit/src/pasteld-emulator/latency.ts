import { Random } from '../chaos/random.ts'
import type { Latency, PasteldEmulatorOptions } from './options.ts'

/** What calls were seen to take on real cores. */
const OBSERVED: Latency = { minMs: 10, maxMs: 400 }

export type LatencyOptions = Pick<PasteldEmulatorOptions, 'latency' | 'latencyOf'>

/** How long each call takes, determined by a seed. */
export class Latencies {
  readonly #options: LatencyOptions
  readonly #random: Random

  constructor(options: LatencyOptions, seed: number) {
    this.#options = options
    this.#random = new Random(seed)
  }

  /** @returns in ms */
  next(method: string): number {
    const latency = this.#options.latencyOf?.[method] ?? this.#options.latency ?? OBSERVED
    if (typeof latency === 'number') return latency
    return this.#random.between(latency.minMs, latency.maxMs)
  }
}
