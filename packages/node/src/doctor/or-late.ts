/** What something that hangs stands for: it was given up. */
export const LATE = Symbol('late')

/** Waits for so long; what is waited for is told to end then, and may go on all the same. */
export async function orLate<T>(
  ms: number,
  signal: AbortSignal,
  begin: (signal: AbortSignal) => Promise<T>,
): Promise<T | typeof LATE> {
  const late = Promise.withResolvers<typeof LATE>()
  const ended = new AbortController()
  const timer = setTimeout(() => late.resolve(LATE), ms)
  const running = begin(AbortSignal.any([signal, ended.signal]))
  // It may fail long after anybody waits for it.
  running.catch(() => {})
  try {
    return await Promise.race([running, late.promise])
  } finally {
    clearTimeout(timer)
    ended.abort()
  }
}
