/** Batches that are looked at for one question, and their bytes: whoever wants to know more asks again. */
const MAX_BATCHES = 4_096
const MAX_BYTES = 16 * 1024 * 1024

/** What the answer to one question may cost. */
export class AskBudget {
  #batches = MAX_BATCHES
  #bytes: number

  constructor(maxBytes = MAX_BYTES) {
    this.#bytes = maxBytes
  }

  /** @returns false if there is nothing left: the batch is not looked at */
  spend(sizeBytes: number): boolean {
    if (this.#batches <= 0 || this.#bytes <= 0) return false
    this.#batches -= 1
    this.#bytes -= sizeBytes
    return true
  }
}
