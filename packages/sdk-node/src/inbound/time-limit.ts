import { abortable } from './abortable.ts'

export interface TimeLimit {
  readonly ms: number
  /** What it fails with when the time is over. */
  readonly error: () => Error
  /** Ends it before, with its reason. */
  readonly signal: AbortSignal
}

/** What an act gives, unless it takes too long; it is told by its signal, and not waited for if it does not listen. */
export async function withTimeLimit<T>(
  { ms, error, signal }: TimeLimit,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  const limit = new AbortController()
  const abort = () => limit.abort(signal.reason)
  // By hand: AbortSignal.any and AbortSignal.timeout keep their memory for as long as the limit is.
  const timer = setTimeout(() => limit.abort(error()), ms)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await abortable(act(limit.signal), limit.signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}
