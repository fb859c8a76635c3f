import { MeshError, withoutPassword } from '@pastel-mesh/identity'
import { bullmqDriver, createQueue, levelDriver, type Queue } from '@pastel-mesh/queue'
import type { MessageStore } from '@pastel-mesh/storage'
import type { CheckedQueue } from './config/checked-config.ts'
import type { SentByJobs } from './jobs/sent-by-jobs.ts'
import { named, type Part } from './parts.ts'

/** How long a handler may take to end when it was told to, at most: what does not end by then hangs. */
const MAX_GRACE_MS = 5_000

export interface NodeQueueComponents {
  /** Of the node: what is in its database is kept through its writer. */
  readonly store: MessageStore
  readonly onError: (error: Error) => void
}

/** The queue of a node: beside its messages, or on the server that the configuration names. */
export function createNodeQueue(config: CheckedQueue, { store, onError }: NodeQueueComponents): Queue {
  const { driver: url, namespace, lockMs, concurrency, maxStalls, retention } = config
  const driver =
    url === 'level'
      ? levelDriver({ maxStalls, retention }, { store })
      : bullmqDriver({ url, namespace, lockMs, maxStalls, retention })
  const queue = createQueue({ driver, concurrency })
  queue.addEventListener('error', ({ detail }) =>
    onError(detail instanceof Error ? detail : new Error(String(detail))),
  )
  return queue
}

/**
 * Jobs that run have half of the time that the stop has left, and an eighth more when they were told to end: the parts
 * behind have the rest.
 */
export function queuePart(queue: Queue, { driver }: CheckedQueue, sent: SentByJobs): Part {
  return named('queue', {
    async start() {
      try {
        await queue.start()
        await sent.start()
      } catch (cause) {
        if (!(cause instanceof MeshError) || cause.code !== 'ERR_QUEUE_SERVER') throw cause
        const message = `${cause.message} (queue.driver is ${withoutPassword(driver)})`
        throw new MeshError(cause.code, message, { cause })
      }
    },
    async stop(timeoutMs) {
      try {
        await queue.stop({ timeoutMs: timeoutMs / 2, graceMs: Math.min(MAX_GRACE_MS, timeoutMs / 8) })
      } finally {
        await sent.stop()
      }
    },
  })
}
