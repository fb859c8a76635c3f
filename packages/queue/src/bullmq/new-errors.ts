/** The same error of the server is told so often at most. */
const SAME_ERROR_MS = 60_000
/** Errors that are told apart; of more than these, some come again sooner. A server that is gone says two or three. */
const MAX_ERRORS = 32

/** Whether an error is one to tell of: each attempt to reach a server that is gone says the same. */
export function newErrors(): (error: unknown, message: string, nowMs: number) => boolean {
  // All that share a connection pass on its errors.
  const told = new WeakSet<object>()
  const toldAtMs = new Map<string, number>()
  return (error, message, nowMs) => {
    if (typeof error === 'object' && error !== null) {
      if (told.has(error)) return false
      told.add(error)
    }
    const lastMs = toldAtMs.get(message)
    if (lastMs !== undefined && nowMs - lastMs < SAME_ERROR_MS) return false
    // The one that was told last is the last to be forgotten.
    toldAtMs.delete(message)
    toldAtMs.set(message, nowMs)
    if (toldAtMs.size > MAX_ERRORS) toldAtMs.delete(toldAtMs.keys().next().value ?? '')
    return true
  }
}
