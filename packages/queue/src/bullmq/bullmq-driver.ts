import type {
  AddedJob,
  Bookmark,
  DriverHost,
  HandlerLimits,
  JobCounts,
  JobPage,
  JobQuery,
  NewJob,
  QueueDriver,
  QueuePauses,
  Schedule,
} from '../driver.ts'
import { stopped } from '../errors.ts'
import type { FinishedStatus, Job } from '../job.ts'
import type { Retention } from '../level/ended-jobs.ts'
import { addJobs } from './add-jobs.ts'
import { Answers } from './answers.ts'
import { cancelJob, findJob, type Place, removeJob, retryJob } from './change-jobs.ts'
import { parseId } from './envelope.ts'
import { countJobs, listJobs } from './list-jobs.ts'
import { type Parts, startParts, stopParts } from './parts.ts'
import { listSchedules, putSchedule, removeSchedule } from './schedules.ts'

export interface BullmqDriverOptions {
  /** Of the server: `redis://`, `rediss://` or the path of a socket of Redis, or `postgresql://`. */
  readonly url: string
  /** What else the client takes, of ioredis or of pg: TLS, a password. */
  readonly connection?: Readonly<Record<string, unknown>>
  /** Tells several queues on one server apart: Redis' key prefix, PostgreSQL's schema. @default pmesh */
  readonly namespace?: string
  /** How long a job is kept from the other nodes when this one has died, in ms. @default 30,000 */
  readonly lockMs?: number
  /** How long a call waits for the server, in ms, before its caller is told that there is no answer. @default 15,000 */
  readonly answerMs?: number
  /** Of each name. @default see DEFAULT_RETENTION */
  readonly retention?: Partial<Record<FinishedStatus, Retention>>
  /** A job during which the process died more often is a dead letter. @default 3 */
  readonly maxStalls?: number
}

/**
 * Jobs with BullMQ, on a Redis or PostgreSQL server that several nodes share: they work one queue. A name is one
 * of Bull's queues, with a worker on each node that has a handler for it; see job-runner.ts for a job's way, aside-jobs.ts
 * for what Bull has no place for, names.ts for what is kept of names.
 *
 * What it guarantees is not all that the level driver does:
 *
 * - A job that was added is as safe as the server's disk: with Redis, that is its `appendonly` and `appendfsync`
 *   (`everysec`: a power cut loses a second). A Redis that throws keys away when it is full is refused.
 * - A job whose node died waits until its lock has run out, up to twice `lockMs`, and runs again on any node. A node that
 *   is cut off from the server, or blocked for longer than that, may still be running it.
 * - A bookmark is set after the jobs it is given with, not in one commit: in between, a crash makes them be added again.
 *   Give each a dedup key made of what it is for, a message's id: then it is one job, for as long as that job is known.
 * - Jobs expire when their turn comes, or somebody looks. The order of priorities, the rate of a name and what is kept
 *   of ended jobs go by name, and over all nodes; `concurrency` is of each process.
 */
export class BullmqDriver implements QueueDriver {
  readonly commitsBookmarks = false
  readonly #options: BullmqDriverOptions
  readonly #answers: Answers
  readonly #handlers: HandlerLimits[] = []
  #parts: Parts | undefined

  constructor(options: BullmqDriverOptions) {
    this.#options = options
    this.#answers = new Answers(options.answerMs ?? DEFAULT_ANSWER_MS)
  }

  async start(host: DriverHost, { concurrency }: { readonly concurrency: number }): Promise<void> {
    const parts = await startParts(this.#options, concurrency, host)
    this.#parts = parts
    for (const limits of this.#handlers) this.#startWork(parts, limits)
  }

  async rest(): Promise<void> {
    if (this.#parts === undefined) return
    await Promise.all(this.#parts.starting)
    await this.#parts.runner.rest()
  }

  async stop(): Promise<void> {
    const parts = this.#parts
    if (parts === undefined) return
    await this.rest()
    this.#parts = undefined
    await stopParts(parts)
  }

  work(limits: HandlerLimits): void {
    this.#handlers.push(limits)
    if (this.#parts !== undefined) this.#startWork(this.#parts, limits)
  }

  add(jobs: readonly NewJob[], bookmark?: Bookmark): Promise<AddedJob[]> {
    return this.#ask((parts) => addJobs(jobs, bookmark, parts))
  }

  bookmark(name: string): Promise<string | undefined> {
    return this.#ask(({ names }) => names.bookmark(name))
  }

  get(id: string): Promise<Job | undefined> {
    return this.#ask(async (parts) => {
      const place = await placeOf(id, parts)
      return place === undefined ? undefined : findJob(place, parts)
    })
  }

  list(query: JobQuery): Promise<JobPage> {
    return this.#ask(({ names }) => listJobs(query, names))
  }

  counts(): Promise<Map<string, JobCounts>> {
    return this.#ask(({ names }) => countJobs(names))
  }

  cancel(id: string): Promise<boolean> {
    return this.#ask(async (parts) => {
      const place = await placeOf(id, parts)
      return place !== undefined && cancelJob(place, parts)
    })
  }

  retry(id: string): Promise<boolean> {
    return this.#ask(async (parts) => {
      const place = await placeOf(id, parts)
      return place !== undefined && retryJob(place, parts)
    })
  }

  remove(id: string): Promise<boolean> {
    return this.#ask(async (parts) => {
      const place = await placeOf(id, parts)
      return place === undefined || removeJob(place, parts)
    })
  }

  pause(name?: string): Promise<void> {
    return this.#ask(({ names }) => names.setPaused(name, true))
  }

  resume(name?: string): Promise<void> {
    return this.#ask(({ names }) => names.setPaused(name, false))
  }

  pauses(): Promise<QueuePauses> {
    return this.#ask(({ names }) => names.pauses())
  }

  putSchedule(schedule: Schedule): Promise<void> {
    return this.#ask(({ names }) => putSchedule(schedule, names))
  }

  removeSchedule(id: string): Promise<boolean> {
    return this.#ask(({ names }) => removeSchedule(id, names))
  }

  schedules(): Promise<Schedule[]> {
    return this.#ask(({ names }) => listSchedules(names))
  }

  /** @throws QueueError ERR_QUEUE_STOPPED, ERR_QUEUE_SERVER: also if there is no answer in time */
  async #ask<T>(call: (parts: Parts) => Promise<T>): Promise<T> {
    const parts = this.#open()
    return this.#answers.of(() => call(parts))
  }

  #open(): Parts {
    if (this.#parts === undefined) throw stopped()
    return this.#parts
  }

  #startWork({ names, runner, host, starting }: Parts, limits: HandlerLimits): void {
    const start = names
      .know(limits.name)
      .then(() => runner.work(limits))
      .catch(host.onError)
      .finally(() => starting.delete(start))
    starting.add(start)
  }
}

/** A server that restarts, or moves to another machine, is back by then; who waits at a screen is still there. */
const DEFAULT_ANSWER_MS = 15_000

/** Nothing is kept of a name that nobody has used. */
async function placeOf(id: string, { names }: Parts): Promise<Place | undefined> {
  const place = parseId(id)
  return place !== undefined && (await names.has(place.name)) ? place : undefined
}
