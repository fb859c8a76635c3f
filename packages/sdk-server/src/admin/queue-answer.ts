import { MeshError } from '@pastel-mesh/identity'

/** How long a caller waits for the queue: where a server keeps it, commands wait for one that is gone to come back. */
const ANSWER_MS = 10_000

/**
 * What the queue answers.
 * @throws MeshError ERR_QUEUE_SERVER if that takes too long
 */
export function queueAnswer<T>(answer: Promise<T>, timeoutMs: number = ANSWER_MS): Promise<T> {
  return within(answer, timeoutMs, '')
}

/**
 * The same of what changes something. It is not taken back when nobody waits for it any more.
 * @param look what to look at before it is asked for again
 * @throws MeshError ERR_QUEUE_SERVER if that takes too long: it may be done all the same, later
 */
export function queueChange<T>(change: Promise<T>, look: string, timeoutMs: number = ANSWER_MS): Promise<T> {
  return within(
    change,
    timeoutMs,
    `; it may be done all the same, also later: before you try again, look ${look}`,
  )
}

async function within<T>(answer: Promise<T>, timeoutMs: number, hint: string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const why = 'the server that keeps it may be gone, or it has very many jobs to look at'
    reject(
      new MeshError(
        'ERR_QUEUE_SERVER',
        `the queue does not answer within ${timeoutMs / 1_000} s: ${why}${hint}`,
      ),
    )
  }, timeoutMs)
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
