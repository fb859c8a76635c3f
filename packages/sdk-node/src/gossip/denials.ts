/** How long somebody is refused; doubled at each repetition. */
const DENY_MS = 60_000
const MAX_DENY_MS = 60 * 60_000
/** A denial is no repetition of one that has been over for that long. */
const FORGET_MS = 60 * 60_000
/** Names remembered: those whose denial ends first leave first. */
const MAX_DENIED = 4096

/** Who is refused for a while. Times are monotonic, in ms. */
export class Denials {
  readonly #denied = new Map<string, { untilMs: number; times: number }>()

  has(name: string, nowMs: number): boolean {
    return (this.#denied.get(name)?.untilMs ?? 0) > nowMs
  }

  add(name: string, nowMs: number): void {
    const before = this.#denied.get(name)
    const times = before === undefined || before.untilMs + FORGET_MS < nowMs ? 1 : before.times + 1
    this.#denied.set(name, { untilMs: nowMs + Math.min(MAX_DENY_MS, DENY_MS * 2 ** (times - 1)), times })
    if (this.#denied.size > MAX_DENIED) this.#forgetOne()
  }

  #forgetOne(): void {
    let first: string | undefined
    let firstMs = Number.POSITIVE_INFINITY
    for (const [name, { untilMs }] of this.#denied) {
      if (untilMs >= firstMs) continue
      first = name
      firstMs = untilMs
    }
    if (first !== undefined) this.#denied.delete(first)
  }
}
