import type { FinishedStatus, Job, JobFailure, JobLogLine, JobStatus, JsonValue } from './job.ts'
import type { RetryPolicy } from './retry.ts'

/** A job that is to be kept, checked. */
export interface NewJob {
  readonly name: string
  /** The data as JSON. */
  readonly data: string
  readonly priority: number
  readonly runAtMs?: number
  readonly expiresAtMs?: number
  readonly timeoutMs?: number
  readonly retry?: RetryPolicy
  readonly dedupKey?: string
  readonly schedule?: string
}

export interface AddedJob<Id extends string = string> {
  readonly id: Id
  /** Whether it was there already, by its `dedupKey`: nothing was added. */
  readonly isDuplicate: boolean
}

/** A place in something that jobs are made of, which advances in the same commit as they are added. */
export interface Bookmark {
  readonly name: string
  readonly value: string
}

/** Starting at most `max` jobs in any `perMs` milliseconds. */
export interface RateLimit {
  readonly max: number
  readonly perMs: number
}

/** What a driver has to know of a handler. */
export interface HandlerLimits {
  readonly name: string
  readonly concurrency: number
  readonly rateLimit?: RateLimit
}

/** How an attempt ended. */
export type Outcome =
  | { readonly kind: 'done'; readonly result: string | undefined }
  /** It failed, and is to be tried again. */
  | { readonly kind: 'retry'; readonly failure: JobFailure; readonly delayMs: number }
  | { readonly kind: 'failed'; readonly failure: JobFailure }
  | { readonly kind: 'expired' }
  /** It did not end: it goes back to where it was, and this attempt does not count. */
  | { readonly kind: 'released' }

/** A job that is this process's to run. */
export interface LeasedJob {
  readonly id: string
  readonly name: string
  readonly data: string
  readonly timeoutMs?: number
  readonly expiresAtMs?: number
  readonly retry?: RetryPolicy
  readonly failures: number
  readonly stalls: number
  readonly steps: Readonly<Record<string, JsonValue>>
  /** Keeps what a step has made; resolves when that is on disk. */
  keepStep(name: string, value: JsonValue): Promise<void>
  /** Keeps a line, sooner or later. */
  log(line: JobLogLine): void
  /** Keeps how far it is, sooner or later. */
  progress(value: JsonValue): void
}

/** What happened, after it happened. */
export type JobEventType =
  | 'added'
  | 'started'
  | 'progress'
  | 'retrying'
  | 'stalled'
  | 'released'
  | FinishedStatus
  | 'removed'

export interface JobEvent {
  readonly type: JobEventType
  readonly id: string
  readonly name: string
  readonly failure?: JobFailure
  readonly progress?: JsonValue
}

/** What a driver calls. */
export interface DriverHost {
  /** Runs a job; never throws. */
  run(job: LeasedJob): Promise<Outcome>
  /** A running job is not to go on: it was cancelled. */
  abort(id: string): void
  onEvent(event: JobEvent): void
  /** A job has ended in another process, or, without an id, any may have: whoever waits for one looks again. */
  endedElsewhere(id?: string): void
  /** Something failed that nobody waits for. */
  onError(error: unknown): void
}

export interface JobQuery {
  readonly status: JobStatus
  readonly name?: string
  /** Of the page before: what comes behind it. */
  readonly after?: string
  /** 1 to 1,000. */
  readonly limit: number
}

export interface JobPage {
  /** Those that wait in the order in which they will run, those that are finished the last first. */
  readonly jobs: Job[]
  /** What to give as `after` for the next page; undefined at the end. */
  readonly next?: string
}

/** How many jobs there are. */
export type JobCounts = Record<JobStatus, number>

/** When a schedule makes its jobs. */
export type Timing = { readonly everyMs: number } | { readonly cron: string; readonly timeZone: string }

export interface Schedule {
  readonly id: string
  readonly timing: Timing
  readonly job: NewJob
  /** The next tick, in ms since 1970; undefined: there is none any more. */
  readonly nextAtMs?: number
  /** Ticks that made a job. */
  readonly ticks: number
  /** Ticks in all, at most. */
  readonly maxTicks?: number
}

export interface QueuePauses {
  readonly all: boolean
  readonly names: readonly string[]
}

/**
 * Keeps jobs and hands them out. Everything that changes a job is on disk, or with the server, when it resolves,
 * except that the end of an attempt may be lost in a power cut: the job then runs again.
 */
export interface QueueDriver {
  /** Whether a bookmark advances in the very commit that adds the jobs it is given with; else right after it. */
  readonly commitsBookmarks: boolean

  /** `concurrency`: jobs at a time in this process. */
  start(host: DriverHost, options: { readonly concurrency: number }): Promise<void>
  /** Hands out no more jobs. */
  rest(): Promise<void>
  /** Lets go of what it uses. Nothing runs any more. */
  stop(): Promise<void>

  /** Hands out jobs of this name from now on. */
  work(limits: HandlerLimits): void

  add(jobs: readonly NewJob[], bookmark?: Bookmark): Promise<AddedJob[]>
  bookmark(name: string): Promise<string | undefined>

  get(id: string): Promise<Job | undefined>
  list(query: JobQuery): Promise<JobPage>
  /** By name. */
  counts(): Promise<Map<string, JobCounts>>

  /** @returns false if it is finished */
  cancel(id: string): Promise<boolean>
  /** A finished job that is not done waits again, as if it were new. @returns false if it is not such a one */
  retry(id: string): Promise<boolean>
  /** @returns false if it is running */
  remove(id: string): Promise<boolean>

  /** Of one name, or of all. */
  pause(name?: string): Promise<void>
  resume(name?: string): Promise<void>
  pauses(): Promise<QueuePauses>

  /** Adds or replaces a schedule; a tick and its job are one commit. */
  putSchedule(schedule: Schedule): Promise<void>
  /** @returns false if there is none */
  removeSchedule(id: string): Promise<boolean>
  schedules(): Promise<Schedule[]>
}
