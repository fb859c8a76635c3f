import type { EntryOutput } from '@pastel-mesh/sdk-client'
import { waitUntil } from '@pastel-mesh/testkit'

/** What has not come by then does not. */
const MAX_WAIT_MS = 60_000

/** When which of some numbered messages came to whom, from the same one on; nothing may be missing, or come twice. */
export class Receipts {
  readonly #subscribers: number
  /** How many each has got: calls overtake each other, so the numbers are not in the order of the log. */
  readonly #counts: Uint32Array
  /** Position in the log of the first message. */
  #first: number | undefined
  /** When it came to each, by its number. */
  readonly #atMs: Float64Array[] = []
  readonly #failed = new AbortController()
  #outstanding = 0

  constructor(subscribers: number) {
    this.#subscribers = subscribers
    this.#counts = new Uint32Array(subscribers)
  }

  /** One more message is about to be published: it has to come to everybody. @returns its number */
  expect(): number {
    this.#outstanding += this.#subscribers
    return this.#atMs.push(new Float64Array(this.#subscribers)) - 1
  }

  /** @param entry a message whose text begins with its number */
  take(subscriber: number, entry: EntryOutput): void {
    const atMs = performance.now()
    const count = this.#counts[subscriber] ?? 0
    const position = 'position' in entry ? entry.position : undefined
    this.#first ??= position
    const times = 'text' in entry ? this.#atMs[Number.parseInt(entry.text, 10)] : undefined
    if (position === undefined || position - (this.#first ?? 0) !== count || times === undefined) {
      const got = `position ${position} instead of ${(this.#first ?? 0) + count}`
      this.fail(new Error(`subscriber ${subscriber} got ${got}: ${JSON.stringify(entry).slice(0, 200)}`))
      return
    }
    this.#counts[subscriber] = count + 1
    times[subscriber] = atMs
    this.#outstanding -= 1
  }

  /** Somebody gets no more. */
  fail(error: Error): void {
    this.#failed.abort(error)
  }

  /**
   * Waits until all have got all that is expected.
   * @throws Error one got another than the next of the log, such as one twice, or gets no more
   */
  async all(): Promise<void> {
    await waitUntil(() => this.#outstanding === 0, {
      what: `${this.#subscribers} subscribers to get all messages`,
      timeoutMs: MAX_WAIT_MS,
      signal: this.#failed.signal,
    })
  }

  /** From a time until each had a message, in ms; 0: it had it before. */
  delaysMs(number: number, sinceMs: number): number[] {
    return Array.from(this.#atMs[number] ?? [], (atMs) => Math.max(0, atMs - sinceMs))
  }
}
