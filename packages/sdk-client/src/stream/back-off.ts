const FIRST_MS = 200
const MAX_MS = 15_000

/** How long to wait before the next attempt: twice as long each time, and not at the same moment as all others. */
export class BackOff {
  #failures = 0

  /** Something came of an attempt: the next failure is the first again. */
  reset(): void {
    this.#failures = 0
  }

  /** @param atLeastMs what the node asks for */
  nextMs(atLeastMs = 0): number {
    const limitMs = Math.min(MAX_MS, FIRST_MS * 2 ** this.#failures)
    this.#failures += 1
    return Math.max(atLeastMs, limitMs * (0.5 + Math.random() / 2))
  }
}

/** Resolves when the time, or the signal, has come. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const end = () => resolve()
  const timer = setTimeout(end, ms)
  signal?.addEventListener('abort', end, { once: true })
  await promise
  clearTimeout(timer)
  signal?.removeEventListener('abort', end)
}
