import { type AddOptions, badOption, checkName, toNewJob } from './add-options.ts'
import { systemClock } from './clock.ts'
import type {
  AddedJob,
  Bookmark,
  DriverHost,
  JobCounts,
  JobEvent,
  JobPage,
  LeasedJob,
  NewJob,
  Outcome,
  QueueDriver,
  QueuePauses,
  Schedule,
  Timing,
} from './driver.ts'
import { QueueError, stopped, unknownJob } from './errors.ts'
import { checkConcurrency, checkData, type Handler, type HandlerOptions, toHandler } from './handlers.ts'
import type { ListQuery, QueueComponents, QueueOptions, ScheduleInput, StopOptions } from './index.ts'
import type { Job, JobHandler, JobStatus } from './job.ts'
import { resultOf } from './job-result.ts'
import { JobWaiters } from './job-waiters.ts'
import { type JobMetrics, MetricsByName } from './metrics.ts'
import { RunningAttempt } from './run-attempt.ts'
import { checkTiming, nextTick } from './timing.ts'

const DEFAULT_CONCURRENCY = 100
const DEFAULT_STOP_TIMEOUT_MS = 30_000
/** Jobs on their way to the disk: above it `add` refuses, and the caller slows down. */
const MAX_PENDING_JOBS = 100_000
const MAX_PENDING_LENGTH = 64 * 1024 * 1024
const MAX_LIMIT = 1_000
const DEFAULT_LIMIT = 100
/** Jobs of one page of those that are changed all: each may have half a mebibyte of data. */
const CHANGED_TOGETHER = 100
const SCHEDULE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/

/**
 * The registry of handlers, and what runs them; the driver keeps the jobs and decides when.
 *
 * ```
 *   new ── start() ──▶ running ── stop() ──▶ resting ──▶ stopped ── start() ──▶ running
 *                                  no new jobs; those that run end, or are aborted and put back
 * ```
 */
export class JobQueue extends EventTarget {
  readonly #driver: QueueDriver
  readonly #concurrency: number
  readonly #clock: NonNullable<QueueComponents['clock']>
  readonly #handlers = new Map<string, Handler>()
  readonly #attempts = new Map<string, RunningAttempt>()
  readonly #metrics = new MetricsByName()
  readonly #waiters = new JobWaiters()
  readonly #listened = new Set<string>()
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined
  #pendingJobs = 0
  #pendingLength = 0

  constructor(
    { driver, concurrency = DEFAULT_CONCURRENCY }: QueueOptions,
    { clock = systemClock }: QueueComponents,
  ) {
    super()
    checkConcurrency(concurrency)
    this.#driver = driver
    this.#concurrency = concurrency
    this.#clock = clock
  }

  get commitsBookmarks(): boolean {
    return this.#driver.commitsBookmarks
  }

  get handlers(): readonly string[] {
    return [...this.#handlers.keys()].sort()
  }

  registerHandler(name: string, handle: JobHandler, options: HandlerOptions = {}): void {
    if (this.#handlers.has(name)) {
      throw new QueueError('ERR_HANDLER_EXISTS', `${name} has a handler already: each name has one`)
    }
    const handler = toHandler(name, handle, options)
    this.#handlers.set(name, handler)
    const { concurrency, rateLimit } = handler
    this.#driver.work({ name, concurrency, ...(rateLimit === undefined ? {} : { rateLimit }) })
  }

  start(): Promise<void> {
    if (this.#starting !== undefined) return this.#starting
    const starting = (async () => {
      await this.#stopping
      await this.#driver.start(this.#host(), { concurrency: this.#concurrency })
    })()
    this.#starting = starting
    starting.catch(() => {
      if (this.#starting === starting) this.#starting = undefined
    })
    return starting
  }

  async stop({ timeoutMs = DEFAULT_STOP_TIMEOUT_MS, graceMs }: StopOptions = {}): Promise<void> {
    const starting = this.#starting
    if (starting !== undefined) {
      // Whoever starts it from now on starts it anew, when it has stopped.
      this.#starting = undefined
      const stopping = starting
        .then(() => this.#stop(timeoutMs, graceMs))
        .finally(() => {
          if (this.#stopping === stopping) this.#stopping = undefined
        })
      this.#stopping = stopping
    }
    await this.#stopping
  }

  async rest(): Promise<void> {
    await this.#starting
    await this.#driver.rest()
  }

  add(name: string, data: unknown, options: AddOptions = {}): Promise<AddedJob> {
    return this.addMany([{ name, data, options }]).then(firstOf)
  }

  async addMany(
    inputs: readonly { readonly name: string; readonly data: unknown; readonly options?: AddOptions }[],
    bookmark?: Bookmark,
  ): Promise<AddedJob[]> {
    // While it stops, what runs may add what follows from it.
    if (this.#starting === undefined && this.#stopping === undefined) throw stopped()
    const jobs: NewJob[] = []
    for (const { name, data, options = {} } of inputs) {
      const job = this.#toNewJob(name, data, options)
      // Each wait costs, and there is nothing to wait for unless there is a schema.
      jobs.push(job instanceof Promise ? await job : job)
    }
    const length = jobs.reduce((sum, job) => sum + job.data.length, 0)
    // Alone it is taken, however large: to wait would not make it smaller.
    if (
      this.#pendingJobs > 0 &&
      (this.#pendingJobs + jobs.length > MAX_PENDING_JOBS ||
        this.#pendingLength + length > MAX_PENDING_LENGTH)
    ) {
      throw new QueueError(
        'ERR_QUEUE_FULL',
        `${this.#pendingJobs} jobs are on their way to the disk: wait for them before adding more`,
      )
    }
    this.#pendingJobs += jobs.length
    this.#pendingLength += length
    try {
      return await this.#driver.add(jobs, bookmark)
    } finally {
      this.#pendingJobs -= jobs.length
      this.#pendingLength -= length
    }
  }

  bookmark(name: string): Promise<string | undefined> {
    return this.#driver.bookmark(name)
  }

  get(id: string): Promise<Job | undefined> {
    return this.#driver.get(id)
  }

  async list({ limit = DEFAULT_LIMIT, ...query }: ListQuery): Promise<JobPage> {
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
      throw badOption(`limit is ${limit}: give 1 to ${MAX_LIMIT}`)
    }
    return this.#driver.list({ ...query, limit })
  }

  counts(): Promise<ReadonlyMap<string, JobCounts>> {
    return this.#driver.counts()
  }

  metrics(): ReadonlyMap<string, JobMetrics> {
    return this.#metrics.all
  }

  cancel(id: string): Promise<boolean> {
    return this.#change(id, () => this.#driver.cancel(id))
  }

  retry(id: string): Promise<boolean> {
    return this.#change(id, () => this.#driver.retry(id))
  }

  async remove(id: string): Promise<void> {
    if (await this.#driver.remove(id)) return
    throw new QueueError('ERR_JOB_RUNNING', `job ${id} is running: cancel it first`)
  }

  redrive({ name }: { readonly name?: string } = {}): Promise<number> {
    return this.#each('failed', name, (id) => this.#driver.retry(id))
  }

  clear({ status, name }: { readonly status: JobStatus; readonly name?: string }): Promise<number> {
    return this.#each(status, name, (id) => this.#driver.remove(id))
  }

  async pause(name?: string): Promise<void> {
    if (name !== undefined) checkName(name)
    return this.#driver.pause(name)
  }

  async resume(name?: string): Promise<void> {
    if (name !== undefined) checkName(name)
    return this.#driver.resume(name)
  }

  pauses(): Promise<QueuePauses> {
    return this.#driver.pauses()
  }

  async drain({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    for (;;) {
      signal?.throwIfAborted()
      const ended = this.#waiters.anyEnd(signal)
      try {
        const counts = [...(await this.#driver.counts()).values()]
        if (counts.every(({ waiting, running }) => waiting === 0 && running === 0)) return
        await ended.next()
      } finally {
        ended.release()
      }
    }
  }

  async waitFor(id: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<unknown> {
    signal?.throwIfAborted()
    const ended = this.#waiters.end(id, signal)
    try {
      for (;;) {
        const job = await this.#driver.get(id)
        if (job === undefined) throw unknownJob(id)
        if (job.finishedAtMs !== undefined) return resultOf(job)
        await ended.next()
      }
    } finally {
      ended.release()
    }
  }

  async upsertSchedule(id: string, input: ScheduleInput<string, unknown>): Promise<void> {
    if (!SCHEDULE_ID.test(id)) {
      throw new QueueError(
        'ERR_SCHEDULE',
        `"${id.slice(0, 120)}" is no id of a schedule: give letters, digits, dots, hyphens`,
      )
    }
    const { timing: given, name, data, options = {}, maxTicks } = input
    const timing: Timing =
      'cron' in given ? { cron: given.cron, timeZone: given.timeZone ?? 'UTC' } : { everyMs: given.everyMs }
    checkTiming(timing)
    if (maxTicks !== undefined && !(Number.isInteger(maxTicks) && maxTicks > 0)) {
      throw new QueueError('ERR_SCHEDULE', `maxTicks is ${maxTicks}: give 1 or more`)
    }
    const job = await this.#toNewJob(name, data, options)
    const there = (await this.#driver.schedules()).find((schedule) => schedule.id === id)
    const isSame = there !== undefined && JSON.stringify(there.timing) === JSON.stringify(timing)
    const ticks = isSame ? there.ticks : 0
    const isOver = maxTicks !== undefined && ticks >= maxTicks
    const nextAtMs = isOver
      ? undefined
      : ((isSame ? there.nextAtMs : undefined) ?? nextTick(timing, this.#clock.now()))
    await this.#driver.putSchedule({
      id,
      timing,
      job,
      ticks,
      ...(nextAtMs === undefined ? {} : { nextAtMs }),
      ...(maxTicks === undefined ? {} : { maxTicks }),
    })
  }

  removeSchedule(id: string): Promise<boolean> {
    return this.#driver.removeSchedule(id)
  }

  schedules(): Promise<Schedule[]> {
    return this.#driver.schedules()
  }

  // An event that nobody listens to is not made: there are several for each job.
  override addEventListener(...args: Parameters<EventTarget['addEventListener']>): void {
    this.#listened.add(args[0])
    super.addEventListener(...args)
  }

  #toNewJob(name: string, data: unknown, options: AddOptions): NewJob | Promise<NewJob> {
    const schema = this.#handlers.get(name)?.schema
    if (schema === undefined) return toNewJob(name, data, options, this.#clock.now())
    return checkData(name, data, schema).then((checked) =>
      toNewJob(name, checked, options, this.#clock.now()),
    )
  }

  async #change(id: string, change: () => Promise<boolean>): Promise<boolean> {
    if (await change()) return true
    if ((await this.#driver.get(id)) === undefined) throw unknownJob(id)
    return false
  }

  async #each(
    status: JobStatus,
    name: string | undefined,
    change: (id: string) => Promise<boolean>,
  ): Promise<number> {
    let count = 0
    let after: string | undefined
    do {
      const page = await this.#driver.list({
        status,
        limit: CHANGED_TOGETHER,
        ...(name === undefined ? {} : { name }),
        ...(after === undefined ? {} : { after }),
      })
      const changed = await Promise.all(page.jobs.map(({ id }) => change(id)))
      count += changed.filter(Boolean).length
      after = page.next
    } while (after !== undefined)
    return count
  }

  async #stop(timeoutMs: number, graceMs: number | undefined): Promise<void> {
    await this.#driver.rest()
    const ended = Promise.all([...this.#attempts.values()].map(({ outcome }) => outcome))
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const cancel = this.#clock.wake(timeoutMs, resolve)
    await Promise.race([ended, late])
    cancel()
    const error = new QueueError('ERR_QUEUE_STOPPED', 'the queue stops: the job is put back')
    for (const attempt of this.#attempts.values()) attempt.abort('stop', error, graceMs)
    await Promise.all([...this.#attempts.values()].map(({ outcome }) => outcome))
    await this.#driver.stop()
    this.#waiters.stop(stopped())
  }

  #host(): DriverHost {
    return {
      run: (job) => this.#run(job),
      abort: (id) => {
        this.#attempts
          .get(id)
          ?.abort('cancelled', new QueueError('ERR_JOB_CANCELLED', `job ${id} was cancelled`))
      },
      onEvent: (event) => this.#onEvent(event),
      endedElsewhere: (id) => this.#waiters.wake(id),
      onError: (error) => this.#emit('error', error),
    }
  }

  async #run(job: LeasedJob): Promise<Outcome> {
    const handler = this.#handlers.get(job.name)
    if (handler === undefined) return { kind: 'released' }
    // It was cancelled and is tried again while its handler is ending.
    const before = this.#attempts.get(job.id)?.outcome
    const attempt = new RunningAttempt({
      job,
      handler: handler.handle,
      retry: job.retry ?? handler.retry,
      timeoutMs: job.timeoutMs ?? handler.timeoutMs,
      clock: this.#clock,
      ...(before === undefined ? {} : { before }),
    })
    this.#attempts.set(job.id, attempt)
    const metrics = this.#metrics.of(job.name)
    const startedMs = performance.now()
    metrics.active += 1
    try {
      return await attempt.outcome
    } finally {
      metrics.active -= 1
      metrics.attempts += 1
      metrics.attemptMs += performance.now() - startedMs
      if (this.#attempts.get(job.id) === attempt) this.#attempts.delete(job.id)
    }
  }

  #onEvent(event: JobEvent): void {
    this.#metrics.of(event.name)[event.type] += 1
    this.#waiters.onEvent(event)
    this.#emit(event.type, event)
  }

  #emit(type: string, detail: unknown): void {
    if (this.#listened.has(type)) this.dispatchEvent(new CustomEvent(type, { detail }))
  }
}

function firstOf([first]: readonly AddedJob[]): AddedJob {
  return first as AddedJob
}
