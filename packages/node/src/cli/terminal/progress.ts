import { counted, describeCount } from './figures.ts'

/** Often enough to be seen moving. */
const REDRAW_MS = 200

/** How many there are by now, and how fast they come: on one line of the standard error while that is a terminal. */
export class Progress {
  readonly #what: string
  readonly #startedAtMs = performance.now()
  #count = 0
  #drawnAtMs = 0
  #isShown = false

  /** @param what one of the things that are counted */
  constructor(what: string) {
    this.#what = what
  }

  get count(): number {
    return this.#count
  }

  add(count: number): void {
    this.#count += count
    const nowMs = performance.now()
    if (!process.stderr.isTTY || nowMs - this.#drawnAtMs < REDRAW_MS) return
    this.#drawnAtMs = nowMs
    this.#isShown = true
    process.stderr.write(`\r\u001b[K${counted(this.#count, this.#what)}, ${this.#rate()}`)
  }

  /** Takes the line away, for others to be written. */
  clear(): void {
    if (this.#isShown) process.stderr.write('\r\u001b[K')
    this.#isShown = false
  }

  /** All of it in a line. */
  summary(): string {
    const seconds = (performance.now() - this.#startedAtMs) / 1_000
    return `${counted(this.#count, this.#what)} in ${seconds.toFixed(1)} s, ${this.#rate()}`
  }

  #rate(): string {
    const seconds = (performance.now() - this.#startedAtMs) / 1_000
    return `${describeCount(Math.round(this.#count / Math.max(seconds, 0.001)))} a second`
  }
}
