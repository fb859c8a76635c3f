import type { LogId } from '@pastel-mesh/protocol'

/**
 * Keeps the batches of one log in the order in which they came, though their signatures are checked side by
 * side: a batch goes on to its log only after those before it went.
 */
export class LogOrder {
  readonly #last = new Map<LogId, Promise<void>>()

  /** Takes a place in the log's line. `turn` resolves when those ahead have left; call `leave` in any case. */
  enter(log: LogId): { turn: Promise<void> | undefined; leave: () => void } {
    const turn = this.#last.get(log)
    const { promise, resolve } = Promise.withResolvers<void>()
    const line = turn === undefined ? promise : turn.then(() => promise)
    this.#last.set(log, line)
    return {
      turn,
      leave: () => {
        resolve()
        if (this.#last.get(log) === line) this.#last.delete(log)
      },
    }
  }
}
