/** The time, and who wakes up when it has come. Tests bring their own. */
export interface Clock {
  /** In ms since 1970. */
  now(): number
  /**
   * Calls back after some time, in ms.
   * @returns takes it back
   */
  wake(afterMs: number, callback: () => void): () => void
}

/** The longest time a timer of Node can wait, 24.8 days: a longer one fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  wake(afterMs, callback) {
    let timer: NodeJS.Timeout
    const wait = (leftMs: number) => {
      const onTime = leftMs > MAX_TIMER_MS ? () => wait(leftMs - MAX_TIMER_MS) : callback
      timer = setTimeout(onTime, Math.min(MAX_TIMER_MS, Math.max(0, leftMs)))
    }
    wait(afterMs)
    return () => clearTimeout(timer)
  },
}
