/**
 * Durable jobs with a handler registry and concurrency limits.
 * @packageDocumentation
 */
import type { AddOptions } from './add-options.ts'
import { BullmqDriver, type BullmqDriverOptions } from './bullmq/bullmq-driver.ts'
import type { Clock } from './clock.ts'
import type {
  AddedJob,
  Bookmark,
  JobCounts,
  JobEvent,
  JobEventType,
  JobPage,
  QueueDriver,
  QueuePauses,
  Schedule,
} from './driver.ts'
import type { HandlerOptions } from './handlers.ts'
import type { Job, JobHandler, JobId, JobStatus, JobTypes } from './job.ts'
import { LevelDriver, type LevelDriverComponents, type LevelDriverOptions } from './level/level-driver.ts'
import type { JobMetrics } from './metrics.ts'
import { JobQueue } from './queue.ts'

export type { AddOptions } from './add-options.ts'
export type { BullmqDriverOptions } from './bullmq/bullmq-driver.ts'
export { type Clock, systemClock } from './clock.ts'
export { createJobHandler } from './create-job-handler.ts'
export type * from './driver.ts'
export { QueueError, UnrecoverableError } from './errors.ts'
export type { HandlerOptions, JobSchema } from './handlers.ts'
export type * from './job.ts'
export { DEFAULT_RETENTION, type Retention, type RetentionRules } from './level/ended-jobs.ts'
export type { JobStore } from './level/job-store.ts'
export type { LevelDriverComponents, LevelDriverOptions } from './level/level-driver.ts'
export { MemoryDatabase } from './memory/memory-database.ts'
export { memoryDriver } from './memory/memory-driver.ts'
export type { JobMetrics } from './metrics.ts'
export type { BackoffFunction, BackoffPolicy, HandlerRetryPolicy, RetryPolicy } from './retry.ts'
export { checkTiming, nextTick } from './timing.ts'
export * as windingTreeQueue from './windingtree.ts'

export interface QueueOptions {
  /** Keeps the jobs: {@link levelDriver}, {@link memoryDriver}, {@link bullmqDriver}. */
  readonly driver: QueueDriver
  /** Jobs at a time in this process, of all names. @default 100 */
  readonly concurrency?: number
}

export interface StopOptions {
  /** How long what runs may go on. @default 30,000 */
  readonly timeoutMs?: number
  /** How long a handler may take to end when its signal has fired; then it is left to itself. @default 5,000 */
  readonly graceMs?: number
}

export interface QueueComponents {
  readonly clock?: Clock
}

/** Which jobs: of one status, of one name if given. */
export interface ListQuery {
  readonly status: JobStatus
  readonly name?: string
  /** `next` of the page before. */
  readonly after?: string
  /** 1 to 1,000. @default 100 */
  readonly limit?: number
}

/** What a schedule is to do, and when. */
export interface ScheduleInput<Name extends string, Data> {
  /** Every so often, counted from 1970 on; or a cron expression, of five fields or six with seconds first. */
  readonly timing: { readonly everyMs: number } | { readonly cron: string; readonly timeZone?: string }
  readonly name: Name
  readonly data: Data
  readonly options?: Pick<AddOptions, 'priority' | 'retry' | 'timeoutMs'>
  /** Jobs in all. @default no end */
  readonly maxTicks?: number
}

/** `detail` says which job, and what became of it. */
export type QueueEvents = { [Type in JobEventType]: CustomEvent<JobEvent> } & {
  /** Something failed that nobody waits for. */
  error: CustomEvent<unknown>
}

/**
 * Keeps jobs and runs them, each at least once: a job may run again after a crash, so what it does is to be done by its
 * id, or by steps.
 *
 * Before the start and after the stop, what needs the driver throws QueueError ERR_QUEUE_STOPPED. With the level driver
 * everything may throw StorageError ERR_COMMIT_FAILED, ERR_STORE_UNAVAILABLE, ERR_DISK_RESERVE.
 *
 * @example
 * const queue = createQueue<{ greet: { data: { name: string }; result: string } }>({
 *   driver: levelDriver({ directory: './jobs' }),
 * })
 * queue.registerHandler('greet', async ({ data }) => `hello ${data.name}`, { concurrency: 5 })
 * await queue.start()
 * const { id } = await queue.add('greet', { name: 'world' })
 * console.log(await queue.waitFor(id)) // hello world
 * await queue.stop()
 */
export interface Queue<Jobs extends JobTypes = JobTypes> {
  /**
   * Says who does the jobs of a name. Those of a name without a handler wait. With a schema, the handler gets what
   * that gives.
   * @throws QueueError ERR_JOB_NAME, ERR_JOB_OPTIONS, ERR_HANDLER_EXISTS
   */
  registerHandler<Name extends keyof Jobs & string, Data extends Jobs[Name]['data'] = Jobs[Name]['data']>(
    name: Name,
    handler: JobHandler<NoInfer<Data>, Jobs[Name]['result']>,
    options?: HandlerOptions<Data>,
  ): void
  /** Names with a handler. */
  readonly handlers: readonly string[]

  start(): Promise<void>
  /**
   * Takes no new work and lets what runs end; what has not by the deadline is aborted and put back.
   */
  stop(options?: StopOptions): Promise<void>

  /** Starts no more jobs in this process, until it is started anew; what runs goes on, and jobs are still taken. */
  rest(): Promise<void>

  /**
   * Adds a job; resolves when it is on disk.
   * @throws QueueError ERR_JOB_NAME, ERR_JOB_DATA, ERR_JOB_OPTIONS: nothing was stored; ERR_QUEUE_FULL: too
   * much is on its way to the disk
   */
  add<Name extends keyof Jobs & string>(
    name: Name,
    data: Jobs[Name]['data'],
    options?: AddOptions,
  ): Promise<AddedJob<JobId<Name>>>
  /**
   * Adds jobs, all of them or none.
   * @param bookmark advances in the same commit
   */
  addMany<Name extends keyof Jobs & string>(
    jobs: readonly {
      readonly name: Name
      readonly data: Jobs[Name]['data']
      readonly options?: AddOptions
    }[],
    bookmark?: Bookmark,
  ): Promise<AddedJob[]>
  /**
   * Whether the driver writes a bookmark in the very commit that adds the jobs. If not, it is set right after them: give
   * the jobs dedup keys made of what they are for.
   */
  readonly commitsBookmarks: boolean
  /** The value of a bookmark; undefined if there is none. */
  bookmark(name: string): Promise<string | undefined>

  get<Name extends keyof Jobs & string>(
    id: JobId<Name>,
  ): Promise<Job<Jobs[Name]['data'], Jobs[Name]['result']> | undefined>
  get(id: string): Promise<Job | undefined>
  /** @throws QueueError ERR_JOB_OPTIONS */
  list(query: ListQuery): Promise<JobPage>
  /** How many jobs of each name there are. */
  counts(): Promise<ReadonlyMap<string, JobCounts>>
  /** What has happened in this process since the start, by name. */
  metrics(): ReadonlyMap<string, JobMetrics>

  /**
   * Ends a job that has not ended; the signal of one that runs fires.
   * @returns false if it has ended
   * @throws QueueError ERR_JOB_UNKNOWN
   */
  cancel(id: string): Promise<boolean>
  /**
   * Lets a job that failed, was cancelled or expired wait again, with all its attempts.
   * @returns false if it is none of these
   * @throws QueueError ERR_JOB_UNKNOWN
   */
  retry(id: string): Promise<boolean>
  /**
   * Forgets a job.
   * @throws QueueError ERR_JOB_RUNNING: cancel it first
   */
  remove(id: string): Promise<void>
  /** {@link retry} for all dead letters, or those of one name. @returns how many */
  redrive(query?: { readonly name?: string }): Promise<number>
  /** {@link remove} for all jobs of a status, or those of one name. @returns how many */
  clear(query: { readonly status: Exclude<JobStatus, 'running'>; readonly name?: string }): Promise<number>

  /**
   * Starts no more jobs of a name, or of any; across restarts. What runs goes on.
   * @throws QueueError ERR_JOB_NAME
   */
  pause(name?: string): Promise<void>
  resume(name?: string): Promise<void>
  pauses(): Promise<QueuePauses>

  /** Resolves when nothing waits and nothing runs. Jobs that are delayed are not waited for. */
  drain(options?: { readonly signal?: AbortSignal }): Promise<void>
  /**
   * Waits for a job's end.
   * @returns its result
   * @throws QueueError ERR_JOB_FAILED, ERR_JOB_CANCELLED, ERR_JOB_EXPIRED, ERR_JOB_UNKNOWN; the signal's reason
   */
  waitFor<Name extends keyof Jobs & string>(
    id: JobId<Name>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<Jobs[Name]['result']>
  waitFor(id: string, options?: { readonly signal?: AbortSignal }): Promise<unknown>

  /**
   * Sets a schedule: each of its ticks makes one job. Ticks that were missed make one job together. If it is there
   * already with the same timing, its next tick stays.
   * @throws QueueError ERR_SCHEDULE, ERR_JOB_NAME, ERR_JOB_DATA, ERR_JOB_OPTIONS
   */
  upsertSchedule<Name extends keyof Jobs & string>(
    id: string,
    schedule: ScheduleInput<Name, Jobs[Name]['data']>,
  ): Promise<void>
  /** @returns false if there is none */
  removeSchedule(id: string): Promise<boolean>
  schedules(): Promise<Schedule[]>

  addEventListener<Type extends keyof QueueEvents>(
    type: Type,
    listener: (event: QueueEvents[Type]) => void,
  ): void
  removeEventListener<Type extends keyof QueueEvents>(
    type: Type,
    listener: (event: QueueEvents[Type]) => void,
  ): void
}

/** A queue; see {@link Queue}. @throws QueueError ERR_JOB_OPTIONS */
export function createQueue<Jobs extends JobTypes = JobTypes>(
  options: QueueOptions,
  components: QueueComponents = {},
): Queue<Jobs> {
  return new JobQueue(options, components) as unknown as Queue<Jobs>
}

/** Jobs in a LevelDB database: in a folder of their own, or in a store beside other things. */
export function levelDriver(options: LevelDriverOptions, components?: LevelDriverComponents): QueueDriver {
  return new LevelDriver(options, components)
}

/**
 * Jobs on a Redis or PostgreSQL server, which several nodes work together, with BullMQ: see
 * {@link BullmqDriver} for what it guarantees. Needs the package bullmq, and ioredis or pg.
 *
 * @example
 * const queue = createQueue({ driver: bullmqDriver({ url: 'redis://127.0.0.1:6379' }) })
 */
export function bullmqDriver(options: BullmqDriverOptions): QueueDriver {
  return new BullmqDriver(options)
}
