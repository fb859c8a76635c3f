/** Hashes of stored batches that are remembered: some seconds of the fastest stream, 2 MB. */
const MAX_RECENT = 16_384

/**
 * Recognises a batch by the hash of its bytes, without the signature. Only what is stored or on its way counts:
 * a batch that was refused may come again, and a forger who sends the bytes under a bad signature first does
 * not keep the true ones out.
 */
export class Deduplicator {
  readonly #recent = new Set<string>()
  readonly #inFlight = new Map<string, Promise<boolean>>()

  /**
   * Runs `process` unless the batch is stored or another copy of it succeeds first.
   * @param process resolves to true if the batch was taken in
   * @returns false if the batch was a duplicate
   */
  async once(hash: Uint8Array, process: () => Promise<boolean>): Promise<boolean> {
    const key = keyOf(hash)
    for (;;) {
      if (this.#recent.has(key)) return false
      const earlier = this.#inFlight.get(key)
      if (earlier === undefined) break
      if (await earlier) return false
    }
    const run = process()
    this.#inFlight.set(key, run)
    try {
      if (await run) this.#remember(key)
    } finally {
      this.#inFlight.delete(key)
    }
    return true
  }

  #remember(key: string): void {
    this.#recent.add(key)
    if (this.#recent.size <= MAX_RECENT) return
    const [oldest] = this.#recent
    if (oldest !== undefined) this.#recent.delete(oldest)
  }
}

function keyOf(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('latin1')
}
