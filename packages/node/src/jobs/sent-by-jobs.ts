import type { JobEvent, Queue } from '@pastel-mesh/queue'
import type { MeshNode } from '@pastel-mesh/sdk-node'
import { JOB_GROUP } from './job-messages.ts'

export interface SentByJobsOptions {
  /** How often keys of jobs that the queue does not know any more are looked for, in ms. @default 10 minutes */
  readonly sweepMs?: number
}

export interface SentByJobsComponents {
  readonly node: Pick<MeshNode, 'onceGroups' | 'forgetOnce'>
  readonly queue: Queue
  readonly onError: (error: Error) => void
}

/** Retention removes jobs without telling of each. */
const DEFAULT_SWEEP_MS = 10 * 60_000

/**
 * Forgets the keys of what jobs have sent, when they cannot run again: they are done, or the queue does not know them any
 * more. Jobs that failed, expired or were cancelled can be retried: theirs stay.
 */
export class SentByJobs {
  readonly #sweepMs: number
  readonly #components: SentByJobsComponents
  #timer: NodeJS.Timeout | undefined
  #isRunning = false
  #sweeping: Promise<void> | undefined
  readonly #forgetting = new Set<Promise<void>>()

  constructor({ sweepMs = DEFAULT_SWEEP_MS }: SentByJobsOptions, components: SentByJobsComponents) {
    this.#sweepMs = sweepMs
    this.#components = components
    // From the beginning: jobs run as soon as the queue has started.
    for (const type of ['done', 'removed'] as const) {
      components.queue.addEventListener(type, ({ detail }: CustomEvent<JobEvent>) => this.#forget(detail.id))
    }
  }

  async start(): Promise<void> {
    this.#isRunning = true
    this.#timer = setInterval(() => this.#sweepSoon(), this.#sweepMs)
    this.#sweepSoon()
  }

  async stop(): Promise<void> {
    this.#isRunning = false
    clearInterval(this.#timer)
    await this.#sweeping
    await Promise.all(this.#forgetting)
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
      const job = await queue.get(group.slice(JOB_GROUP.length))
      if (job === undefined || job.status === 'done') await node.forgetOnce(group)
    }
  }
}
