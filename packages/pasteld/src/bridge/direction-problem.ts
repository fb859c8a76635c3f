import type { BridgeStatus } from './bridge-status.ts'

/** What is in the way of one direction of a bridge: told once until it is another, or was gone. */
export class DirectionProblem {
  readonly #onError: (error: Error) => void
  #current: BridgeStatus['problem']

  constructor(onError: (error: Error) => void) {
    this.#onError = onError
  }

  get current(): BridgeStatus['problem'] {
    return this.#current
  }

  set(error: Error): void {
    const { message } = error
    if (this.#current?.message === message) return
    this.#current = { message, sinceMs: Date.now() }
    this.#onError(error)
  }

  clear(): void {
    this.#current = undefined
  }
}
