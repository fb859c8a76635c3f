/**
 * The queue by the names of the WindingTree market protocol SDK, for code that was written against them. What the names
 * have become, and where they behave otherwise, is in docs/reference/queue-names.md.
 */
import { randomUUID } from 'node:crypto'
import type { QueueDriver } from './driver.ts'
import { QueueError } from './errors.ts'
import { createQueue, memoryDriver, type Queue as NewQueue } from './index.ts'
import type { JobContext, JobStatus as NewStatus } from './job.ts'
import type { RetryPolicy } from './retry.ts'

export const JobStatus = {
  Pending: 0,
  Scheduled: 1,
  Started: 2,
  Done: 3,
  Cancelled: 4,
  Failed: 5,
  Expired: 6,
} as const
export type JobStatus = (typeof JobStatus)[keyof typeof JobStatus]

/** `false` ends a job that is recurrent. */
export type JobHandler<Data = unknown, HandlerOptions = unknown> = (
  data?: Data,
  options?: HandlerOptions,
) => Promise<boolean>

export interface JobConfig<Data = unknown> {
  readonly handlerName: string
  readonly data?: Data
  /** In seconds since 1970. */
  readonly expire?: number
  readonly isRecurrent?: boolean
  /** In ms, 100 at least. */
  readonly recurrenceInterval?: number
  /** Runs in all. @default no end */
  readonly maxRecurrences?: number
  /** Attempts after the first. @default 0 */
  readonly maxRetries?: number
  /** Of these, how many are used up. @default 0 */
  readonly retries?: number
  /** In ms, before the second attempt; twice as long each time, ten times as long at most. @default 0 */
  readonly retriesDelay?: number
  /** In ms since 1970. Not of a job that is recurrent. */
  readonly scheduledTime?: number
}

export interface Job<Data = unknown> extends JobConfig<Data> {
  readonly id: string
  readonly status: JobStatus
  readonly retries: number
}

export interface QueueOptions {
  /** A driver, `levelDriver({ directory })` for one. @default memory: jobs go with the process */
  readonly storage?: QueueDriver
  /** Means nothing any more: there is no list of ids. */
  readonly idsKeyName?: string
  /** Jobs at a time. @default 5 */
  readonly concurrencyLimit?: number
}

/** What is kept as the data of a job. */
interface Kept {
  readonly config: JobConfig
  /** The schedule of one that is recurrent. */
  readonly recurrence?: string
}

const DEFAULT_CONCURRENCY = 5
const MAX_DELAY_FACTOR = 10
const RECURRENT = 'recurrent-'

const STATUSES: Record<NewStatus, JobStatus> = {
  waiting: JobStatus.Pending,
  delayed: JobStatus.Scheduled,
  running: JobStatus.Started,
  done: JobStatus.Done,
  cancelled: JobStatus.Cancelled,
  failed: JobStatus.Failed,
  expired: JobStatus.Expired,
}

/** Makes handlers that are given options when they are registered. */
export function createJobHandler<Data = unknown, HandlerOptions = unknown>(
  handler: JobHandler<Data, HandlerOptions>,
): (options?: HandlerOptions) => JobHandler<Data> {
  return (options) => (data) => handler(data, options)
}

/**
 * It starts by itself, with the first handler or call; `start` waits for that and throws if it cannot be.
 *
 * @example
 * const { Queue, createJobHandler } = windingTreeQueue
 * const queue = new Queue({ storage: levelDriver({ directory: './jobs' }), concurrencyLimit: 3 })
 * queue.registerHandler('claim', async (data) => true)
 * const id = await queue.add({ handlerName: 'claim', data: { deal: 1 }, maxRetries: 3, retriesDelay: 1_000 })
 */
export class Queue {
  /** The queue itself, for whatever has no old name. */
  readonly queue: NewQueue
  readonly #concurrency: number
  /** Runs of recurrent jobs, by their schedules. */
  readonly #runs = new Map<string, string>()

  /** @throws QueueError ERR_JOB_OPTIONS */
  constructor({ storage, concurrencyLimit = DEFAULT_CONCURRENCY }: QueueOptions = {}) {
    if (storage !== undefined && typeof storage.putSchedule !== 'function') {
      throw new QueueError(
        'ERR_JOB_OPTIONS',
        'storage is no driver of this queue: give levelDriver({ directory }), or nothing for memory',
      )
    }
    this.#concurrency = concurrencyLimit
    this.queue = createQueue({ driver: storage ?? memoryDriver(), concurrency: concurrencyLimit })
  }

  start(): Promise<void> {
    return this.queue.start()
  }

  stop(): Promise<void> {
    return this.queue.stop()
  }

  /** @throws QueueError ERR_JOB_NAME, ERR_HANDLER_EXISTS */
  registerHandler<Data>(name: string, handler: JobHandler<Data>): void {
    const run = (job: JobContext) => this.#run(job as JobContext<Kept>, handler as JobHandler)
    this.queue.registerHandler(name, run, { concurrency: this.#concurrency })
    // Whatever is wrong, the next call says it.
    this.start().catch(() => {})
  }

  /**
   * Resolves when the job is on disk.
   * @throws QueueError ERR_JOB_NAME, ERR_JOB_DATA, ERR_JOB_OPTIONS, ERR_SCHEDULE: nothing was stored
   */
  async add<Data>(config: JobConfig<Data>): Promise<string> {
    await this.start()
    const { handlerName, isRecurrent = false, maxRecurrences = 0, expire, scheduledTime } = config
    const retry = retryOf(config)
    if (!isRecurrent || maxRecurrences === 1) {
      const { id } = await this.queue.add(handlerName, { config } satisfies Kept, {
        retry,
        ...(expire === undefined ? {} : { expiresAt: expire * 1_000 }),
        ...(scheduledTime === undefined ? {} : { runAt: scheduledTime }),
      })
      return id
    }
    if (scheduledTime !== undefined) {
      throw new QueueError('ERR_JOB_OPTIONS', 'a job cannot be recurrent and have a scheduledTime')
    }
    const recurrence = `${RECURRENT}${randomUUID()}`
    const data: Kept = { config, recurrence }
    await this.queue.upsertSchedule(recurrence, {
      timing: { everyMs: config.recurrenceInterval ?? 0 },
      name: handlerName,
      data,
      options: { retry },
      ...(maxRecurrences === 0 ? {} : { maxTicks: maxRecurrences - 1 }),
    })
    // The first run does not wait for the interval.
    await this.queue.add(handlerName, data, { retry })
    return recurrence
  }

  async get<Data = unknown>(id: string): Promise<Job<Data> | undefined> {
    await this.start()
    if (!id.startsWith(RECURRENT)) {
      const job = await this.queue.get(id)
      if (job === undefined) return undefined
      const { config } = job.data as Kept
      const retries = (config.retries ?? 0) + job.failures
      return { ...(config as JobConfig<Data>), id, status: STATUSES[job.status], retries }
    }
    const schedule = await this.#schedule(id)
    if (schedule === undefined) return undefined
    const { config } = JSON.parse(schedule.job.data) as Kept
    const hasRuns = schedule.nextAtMs !== undefined
    const status = this.#runs.has(id) ? JobStatus.Started : hasRuns ? JobStatus.Scheduled : JobStatus.Done
    return { ...(config as JobConfig<Data>), id, status, retries: config.retries ?? 0 }
  }

  /** @returns false if there is none, or it has ended */
  async cancel(id: string): Promise<boolean> {
    await this.start()
    if (id.startsWith(RECURRENT)) return this.#endRecurrence(id)
    return orFalse(this.queue.cancel(id))
  }

  /** @returns false if there is none */
  async delete(id: string): Promise<boolean> {
    await this.start()
    if (id.startsWith(RECURRENT)) return this.#endRecurrence(id)
    if ((await this.queue.get(id)) === undefined) return false
    await orFalse(this.queue.cancel(id))
    await this.queue.remove(id)
    return true
  }

  async #run({ id, data: { config, recurrence } }: JobContext<Kept>, handler: JobHandler): Promise<boolean> {
    if (recurrence === undefined) return handler(config.data)
    // One run at a time, and none of a job that was cancelled.
    if (this.#runs.has(recurrence) || (await this.#schedule(recurrence)) === undefined) return false
    if (config.expire !== undefined && config.expire * 1_000 <= Date.now()) {
      await this.queue.removeSchedule(recurrence)
      return false
    }
    this.#runs.set(recurrence, id)
    try {
      const goesOn = await handler(config.data)
      if (!goesOn) await this.queue.removeSchedule(recurrence)
      return goesOn
    } finally {
      this.#runs.delete(recurrence)
    }
  }

  async #endRecurrence(recurrence: string): Promise<boolean> {
    const wasThere = await this.queue.removeSchedule(recurrence)
    const id = this.#runs.get(recurrence)
    if (id !== undefined) await orFalse(this.queue.cancel(id))
    return wasThere
  }

  async #schedule(id: string) {
    return (await this.queue.schedules()).find((schedule) => schedule.id === id)
  }
}

function retryOf({ maxRetries = 0, retries = 0, retriesDelay = 0 }: JobConfig): RetryPolicy {
  return {
    attempts: Math.max(0, maxRetries - retries) + 1,
    backoff: { type: 'exponential', delayMs: retriesDelay, maxDelayMs: retriesDelay * MAX_DELAY_FACTOR },
    jitter: 0.5,
  }
}

async function orFalse(change: Promise<boolean>): Promise<boolean> {
  try {
    return await change
  } catch (error) {
    if (error instanceof QueueError && error.code === 'ERR_JOB_UNKNOWN') return false
    throw error
  }
}
