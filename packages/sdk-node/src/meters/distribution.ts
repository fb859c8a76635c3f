import type { HistogramMeter } from './meter.ts'

/** Counts values by size. */
export class Distribution {
  readonly #bounds: readonly number[]
  /** How many values each bound is the lowest for. */
  readonly #counts: number[]
  #sum = 0
  #count = 0

  /** @param bounds the lowest first */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = bounds.map(() => 0)
  }

  observe(value: number): void {
    this.#sum += value
    this.#count += 1
    const index = this.#bounds.findIndex((bound) => value <= bound)
    if (index >= 0) this.#counts[index] = (this.#counts[index] as number) + 1
  }

  read(): Pick<HistogramMeter, 'buckets' | 'sum' | 'count'> {
    let below = 0
    const buckets = this.#bounds.map((bound, index) => {
      below += this.#counts[index] as number
      return [bound, below] as const
    })
    return { buckets, sum: this.#sum, count: this.#count }
  }
}
