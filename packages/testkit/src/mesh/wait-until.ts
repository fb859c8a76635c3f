import { setTimeout as delay } from 'node:timers/promises'

export interface WaitOptions {
  /** What is waited for: names the failure. */
  readonly what: string
  /** @default 30000 */
  readonly timeoutMs?: number
  /** Pause between two looks. @default 25 */
  readonly everyMs?: number
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal
}

/**
 * Waits until a condition holds; a look that throws counts as "not yet".
 * @returns what the condition returned
 * @throws Error names what was waited for and, if there was one, the last failure; the signal's reason
 */
export async function waitUntil<T>(
  condition: () => T | Promise<T>,
  { what, timeoutMs = 30_000, everyMs = 25, signal }: WaitOptions,
): Promise<Exclude<T, false | undefined | null>> {
  const deadline = performance.now() + timeoutMs
  let cause: unknown
  do {
    signal?.throwIfAborted()
    try {
      const value = await condition()
      if (value !== false && value !== undefined && value !== null) {
        return value as Exclude<T, false | undefined | null>
      }
    } catch (error) {
      cause = error
    }
    // An abort shows at the next look.
    await delay(everyMs, undefined, signal === undefined ? {} : { signal }).catch(() => {})
  } while (performance.now() < deadline)
  signal?.throwIfAborted()
  throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`, { cause })
}
