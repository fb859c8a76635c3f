import { MeshError } from '@pastel-mesh/identity'

/**
 * What a promise gives, if it gives it in that time; what it was made for goes on.
 * @throws MeshError ERR_TIMEOUT; what it throws
 */
export async function within<T>(timeoutMs: number, act: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new MeshError('ERR_TIMEOUT', `it takes longer than ${Math.round(timeoutMs / 1_000)} s`)),
    timeoutMs,
  )
  // It may fail long after anybody waits for it.
  act.catch(() => {})
  try {
    return await Promise.race([act, late])
  } finally {
    clearTimeout(timer)
  }
}
