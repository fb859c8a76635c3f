/** What JSON can say: data and results of jobs are kept as JSON. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined }

/** The data and the result of each job, by its name. */
export type JobTypes = Record<string, { readonly data: unknown; readonly result?: unknown }>

/** The id of a job begins with its name. */
export type JobId<Name extends string = string> = `${Name}:${string}`

/**
 * `waiting`: runs as soon as there is a handler with room; `delayed`: its time has not come; `running`;
 * `done`: its handler returned; `failed`: its handler threw as often as it may, or it is a dead letter for another
 * reason; `cancelled`; `expired`: it did not start before `expiresAt`.
 */
export type JobStatus = 'waiting' | 'delayed' | 'running' | FinishedStatus

/** The states that nothing leaves by itself. */
export type FinishedStatus = 'done' | 'failed' | 'cancelled' | 'expired'

export const FINISHED: readonly FinishedStatus[] = ['done', 'failed', 'cancelled', 'expired']

export interface JobLogLine {
  readonly atMs: number
  readonly text: string
}

/** Why an attempt failed. */
export interface JobFailure {
  /** Of an error that has one. */
  readonly code?: string
  readonly message: string
  readonly stack?: string
}

/** A job as it is kept. Times in ms since 1970. */
export interface Job<Data = unknown, Result = unknown> {
  /** Name and what tells it from all others; the key by which whatever it does can be done once. */
  readonly id: string
  readonly name: string
  readonly status: JobStatus
  readonly data: Data
  /** -100 to 100: a higher one runs first. */
  readonly priority: number
  readonly createdAtMs: number
  /** Not before. */
  readonly runAtMs?: number
  /** Not later. */
  readonly expiresAtMs?: number
  readonly dedupKey?: string
  /** The schedule that made it. */
  readonly schedule?: string
  /** Attempts that ended in an error. */
  readonly failures: number
  /** Attempts that ended with the process. */
  readonly stalls: number
  readonly startedAtMs?: number
  readonly finishedAtMs?: number
  readonly progress?: JsonValue
  readonly logs: readonly JobLogLine[]
  /** What {@link JobContext.step} has kept, by name. */
  readonly steps: Readonly<Record<string, JsonValue>>
  readonly result?: Result
  /** Of the last attempt that failed. */
  readonly failure?: JobFailure
}

/** What a handler gets. */
export interface JobContext<Data = unknown> {
  /** The same in every attempt. */
  readonly id: string
  readonly name: string
  readonly data: Data
  /** 1 for the first. */
  readonly attempt: number
  /** Fires when the job is cancelled, has run for too long, or the queue has to stop. */
  readonly signal: AbortSignal
  /** Keeps a line with the job: the last 100, of 1,000 characters each. */
  log(text: string): void
  /** Says how far it is, to whoever looks: 4 KiB of JSON at most. */
  progress(value: JsonValue): void
  /**
   * Does something once: what `run` returns is on disk before this resolves, and given again, without running it, in
   * an attempt after a crash or an error. If the process dies in between, it runs again.
   * @param name of the step: one for each in a job, 100 at most
   */
  step<T extends JsonValue | undefined>(name: string, run: () => Promise<T> | T): Promise<T>
}

/** Does a job; what it returns is the job's result, and kept. */
export type JobHandler<Data = unknown, Result = unknown> = (job: JobContext<Data>) => Promise<Result> | Result
