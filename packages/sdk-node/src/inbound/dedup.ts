import { asBuffer } from '@pastel-mesh/protocol'

/** Hashes of stored batches that are remembered: some seconds of the fastest stream, 2 MB. */
const MAX_RECENT = 16_384

/** To be called when it is known what became of the batch: whether it is on disk. */
export type Settle = (isStored: boolean) => void

/**
 * Recognises a batch by the hash of its bytes, without the signature. Only what is on disk or on its way there
 * counts: a batch that was refused, or whose commit failed, may come again, and a forger who sends the bytes
 * under a bad signature first does not keep the true ones out.
 */
export class Deduplicator {
  readonly #recent = new Set<string>()
  /** By hash: the copies that wait for what becomes of the one that is being taken in, in their order. */
  readonly #inFlight = new Map<string, Set<(claim: Settle | undefined) => void>>()

  /** Hashes that it holds. */
  get size(): number {
    return this.#recent.size + this.#inFlight.size
  }

  /**
   * Claims a batch; while another copy has it, waits for what becomes of that.
   * @returns undefined if the batch is stored; else the claim, which must be settled
   */
  async claim(hash: Uint8Array): Promise<Settle | undefined> {
    const key = asBuffer(hash).toString('latin1')
    if (this.#recent.has(key)) return undefined
    const waiting = this.#inFlight.get(key)
    if (waiting !== undefined) return new Promise((resolve) => waiting.add(resolve))
    this.#inFlight.set(key, new Set())
    return (isStored) => this.#settle(key, isStored)
  }

  #settle(key: string, isStored: boolean): void {
    const waiting = this.#inFlight.get(key) ?? []
    if (isStored) this.#remember(key)
    for (const copy of waiting) {
      this.#inFlight.get(key)?.delete(copy)
      copy(isStored ? undefined : (isNextStored) => this.#settle(key, isNextStored))
      // Only one at a time gets its turn: copies without end must not wake each other.
      if (!isStored) return
    }
    this.#inFlight.delete(key)
  }

  #remember(key: string): void {
    this.#recent.add(key)
    if (this.#recent.size <= MAX_RECENT) return
    const [oldest] = this.#recent
    if (oldest !== undefined) this.#recent.delete(oldest)
  }
}
