import { abortable } from './abortable.ts'
import { Lines } from './lines.ts'

/** All wait in one line. */
const LINE = ''

/** Bytes of which only so many are taken at a time; what waits for them is served in the order of its coming. */
export class ByteBudget {
  readonly #maxBytes: number
  readonly #line = new Lines()
  #taken = 0
  #wake: (() => void) | undefined

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get takenBytes(): number {
    return this.#taken
  }

  /** Takes bytes; false, and nothing taken, if there is no room for them, or if others wait for it. */
  take(sizeBytes: number): boolean {
    if (sizeBytes > 0 && (this.#line.has(LINE) || this.#taken + sizeBytes > this.#maxBytes)) return false
    this.#taken += sizeBytes
    return true
  }

  /** Takes bytes when there is room; also those that need none (0) stay behind those who came before. */
  async wait(sizeBytes: number, signal?: AbortSignal): Promise<void> {
    const { turn, leave } = this.#line.enter(LINE)
    try {
      if (turn !== undefined) await abortable(turn, signal)
      while (this.#taken > 0 && this.#taken + sizeBytes > this.#maxBytes) {
        const { promise, resolve } = Promise.withResolvers<void>()
        this.#wake = resolve
        await abortable(promise, signal)
      }
      this.#taken += sizeBytes
    } finally {
      leave()
    }
  }

  release(sizeBytes: number): void {
    this.#taken -= sizeBytes
    this.#wake?.()
    this.#wake = undefined
  }
}
