/** Random numbers that are the same for the same seed: mulberry32. */
export class SeededRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** From 0 to 1, 1 not included. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  /** The same, the second half as likely as the first, the third a third as likely, and so on. */
  skewed(limit: number): number {
    let rest = this.next() * harmonic(limit)
    for (let i = 0; i < limit - 1; i += 1) {
      rest -= 1 / (i + 1)
      if (rest < 0) return i
    }
    return limit - 1
  }
}

function harmonic(limit: number): number {
  let sum = 0
  for (let i = 1; i <= limit; i += 1) sum += 1 / i
  return sum
}
