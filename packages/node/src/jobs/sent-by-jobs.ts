import type { JobEvent, Queue } from '@pastel-mesh/queue'
import type { MeshNode } from '@pastel-mesh/sdk-node'
import { JOB_GROUP } from './job-messages.ts'

export interface SentByJobsOptions {
  /** How often keys of jobs that the queue does not know any more are looked for, in ms. @default 10 minutes */
  readonly sweepMs?: number
  /** How long keys are kept after their job was done, in ms. @default 2,000 */
  readonly settleMs?: number
}

export interface SentByJobsComponents {
  readonly node: Pick<MeshNode, 'onceGroups' | 'forgetOnce'>
  readonly queue: Queue
  readonly onError: (error: Error) => void
}

/** Retention removes jobs without telling of each. */
const DEFAULT_SWEEP_MS = 10 * 60_000
/**
 * Long enough for an end that nobody waited for to be on its disk: a log that LevelDB has left is in a table by then, and
 * Redis, as it is usually set, has written. Short enough for 4,000 messages a second.
 */
const DEFAULT_SETTLE_MS = 2_000

/**
 * Forgets the keys of what jobs have sent, when they cannot run again: they are done, or the queue does not know them any
 * more. Jobs that failed, expired or were cancelled can be retried: theirs stay.
 *
 * That a job is done is written without waiting for the disk. A power cut may take it back, and the job runs again; then
 * its keys must be there. So they go a while later, in a synced write, which the one before it cannot come behind.
 */
export class SentByJobs {
  readonly #sweepMs: number
  readonly #settleMs: number
  readonly #components: SentByJobsComponents
  /** Jobs that are done, and when: the first of them first. */
  readonly #done = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #doneTimer: NodeJS.Timeout | undefined
  #isRunning = false
  #sweeping: Promise<void> | undefined
  readonly #forgetting = new Set<Promise<void>>()

  constructor(
    { sweepMs = DEFAULT_SWEEP_MS, settleMs = DEFAULT_SETTLE_MS }: SentByJobsOptions,
    components: SentByJobsComponents,
  ) {
    this.#sweepMs = sweepMs
    this.#settleMs = settleMs
    this.#components = components
    // From the beginning: jobs run as soon as the queue has started.
    const { queue } = components
    queue.addEventListener('done', ({ detail }: CustomEvent<JobEvent>) => this.#isDone(detail.id))
    queue.addEventListener('removed', ({ detail }: CustomEvent<JobEvent>) => this.#forget(detail.id))
  }

  async start(): Promise<void> {
    this.#isRunning = true
    this.#timer = setInterval(() => this.#sweepSoon(), this.#sweepMs)
    this.#sweepSoon()
  }

  async stop(): Promise<void> {
    this.#isRunning = false
    clearInterval(this.#timer)
    clearTimeout(this.#doneTimer)
    this.#doneTimer = undefined
    for (const id of this.#done.keys()) this.#forget(id)
    this.#done.clear()
    await this.#sweeping
    await Promise.all(this.#forgetting)
  }

  #isDone(id: string): void {
    this.#done.set(id, performance.now())
    this.#doneTimer ??= setTimeout(() => this.#forgetDone(), this.#settleMs)
  }

  #forgetDone(): void {
    this.#doneTimer = undefined
    const nowMs = performance.now()
    for (const [id, doneMs] of this.#done) {
      const leftMs = doneMs + this.#settleMs - nowMs
      if (leftMs > 0) {
        this.#doneTimer = setTimeout(() => this.#forgetDone(), leftMs)
        return
      }
      this.#done.delete(id)
      this.#forget(id)
    }
  }

  #forget(id: string): void {
    const { node, onError } = this.#components
    const forgetting = node
      .forgetOnce(JOB_GROUP + id)
      .then(() => {})
      // They are found at the next sweep.
      .catch(onError)
      .finally(() => this.#forgetting.delete(forgetting))
    this.#forgetting.add(forgetting)
  }

  #sweepSoon(): void {
    this.#sweeping ??= this.#sweep()
      .catch((error) => {
        // The queue stops first.
        if (this.#isRunning && error.code !== 'ERR_QUEUE_STOPPED') this.#components.onError(error)
      })
      .finally(() => {
        this.#sweeping = undefined
      })
  }

  async #sweep(): Promise<void> {
    const { node, queue } = this.#components
    for (const group of await node.onceGroups(JOB_GROUP)) {
      if (!this.#isRunning) return
      const id = group.slice(JOB_GROUP.length)
      const job = await queue.get(id)
      // It may have ended while it was asked for.
      if (this.#done.has(id)) continue
      if (job === undefined || job.status === 'done') await node.forgetOnce(group)
    }
  }
}
