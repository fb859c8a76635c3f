import { randomBytes } from 'node:crypto'

/** Further than what a compressor looks back. */
const POOL_LENGTH = 4 * 1024 * 1024

/**
 * Texts of one length, each another: what keeps them cannot make them smaller, as it could a text that comes again. They
 * are pieces of what was made at first, so that none is made while a clock runs.
 */
export class RandomTexts {
  readonly #length: number
  readonly #pool: string
  #at = 0

  constructor(length: number) {
    this.#length = length
    const pooled = Math.max(POOL_LENGTH, 4 * length)
    this.#pool = randomBytes(pooled).toString('base64').slice(0, pooled)
  }

  next(): string {
    if (this.#at + this.#length > this.#pool.length) this.#at = 0
    this.#at += this.#length
    return this.#pool.slice(this.#at - this.#length, this.#at)
  }
}
