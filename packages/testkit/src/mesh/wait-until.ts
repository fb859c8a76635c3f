import { setTimeout as delay } from 'node:timers/promises'

export interface WaitOptions {
  /** What is waited for: names the failure. */
  readonly what: string
  /** @default 30000 */
  readonly timeoutMs?: number
  /** Pause between two looks. @default 25 */
  readonly everyMs?: number
}

/**
 * Waits until a condition holds; a look that throws counts as "not yet".
 * @returns what the condition returned
 * @throws Error names what was waited for and, if there was one, the last failure
 */
export async function waitUntil<T>(
  condition: () => T | Promise<T>,
  { what, timeoutMs = 30_000, everyMs = 25 }: WaitOptions,
): Promise<Exclude<T, false | undefined | null>> {
  const deadline = performance.now() + timeoutMs
  let cause: unknown
  do {
    try {
      const value = await condition()
      if (value !== false && value !== undefined && value !== null) {
        return value as Exclude<T, false | undefined | null>
      }
    } catch (error) {
      cause = error
    }
    await delay(everyMs)
  } while (performance.now() < deadline)
  throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`, { cause })
}
