import { MeshError } from '@pastel-mesh/identity'

/** How long a caller waits for the queue: where a server keeps it, commands wait for one that is gone to come back. */
const ANSWER_MS = 10_000

/**
 * What the queue answers.
 * @throws MeshError ERR_QUEUE_SERVER if that takes too long
 */
export async function queueAnswer<T>(answer: Promise<T>, timeoutMs: number = ANSWER_MS): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const why = 'the server that keeps it may be gone, or it has very many jobs to look at'
    reject(
      new MeshError('ERR_QUEUE_SERVER', `the queue does not answer within ${timeoutMs / 1_000} s: ${why}`),
    )
  }, timeoutMs)
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
