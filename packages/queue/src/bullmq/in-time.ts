/** It took longer than it may. */
export class NoAnswer extends Error {}

/** @throws NoAnswer if it takes longer; what it would have come to is dropped */
export async function inTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new NoAnswer(`no answer in ${timeoutMs / 1_000} seconds`)), timeoutMs)
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
