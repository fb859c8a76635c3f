import type { DriverHost, HandlerLimits, Outcome } from '../driver.ts'
import { STALLED } from '../errors.ts'
import type { JobFailure } from '../job.ts'
import type { RetentionRules } from '../level/ended-jobs.ts'
import type { AsideJobs } from './aside-jobs.ts'
import type { BullJob, BullResult, BullServer, BullWorker, NewWorkerOptions } from './bull-server.ts'
import { stallsOf, toId } from './envelope.ts'
import type { EventBus } from './event-bus.ts'
import { type Ending, RunningJob } from './running-job.ts'
import type { Slots } from './slots.ts'

export interface JobRunnerOptions {
  readonly lockMs: number
  readonly maxStalls: number
  readonly retention: RetentionRules
}

export interface JobRunnerComponents {
  readonly server: BullServer
  readonly aside: AsideJobs
  readonly bus: EventBus
  readonly slots: Slots
  readonly host: DriverHost
  /** Jobs that are being added here: they were not heard of yet. */
  readonly adding: ReadonlyMap<string, Promise<unknown>>
}

/** Bull counts stalls, and we judge them: it spares jobs of schedules, and never forgets. */
const NO_MAXIMUM = 1_000_000

/**
 * Runs what Bull hands out.
 *
 * ```
 *   Bull's waiting ─▶ active ─▶ is it cancelled? ─yes─▶ dropped (it is among the cancelled already)
 *                       │              │ no
 *                       │         has a slot; host.run()
 *                       │              ├─ done ─────▶ Bull's completed
 *                       │              ├─ failed ───▶ the failure is written; Bull's failed: the dead letters
 *                       │              ├─ retry ────▶ the failure is written; Bull's delayed
 *                       │              ├─ expired ──▶ put aside; dropped
 *                       │              └─ released ─▶ Bull's waiting, in front
 *                       └─ the process died: when the lock has run out, waiting again on any node, one stall more
 * ```
 */
export class JobRunner {
  readonly #options: JobRunnerOptions
  readonly #parts: JobRunnerComponents
  readonly #workers: BullWorker[] = []
  readonly #running = new Map<string, RunningJob>()
  readonly #endings = new WeakMap<BullJob, { readonly ending: Ending; readonly failure?: JobFailure }>()
  #isResting = false

  constructor(options: JobRunnerOptions, components: JobRunnerComponents) {
    this.#options = options
    this.#parts = components
  }

  work({ name, concurrency, rateLimit }: HandlerLimits): void {
    if (this.#isResting) return
    const { lockMs, retention } = this.#options
    const { host, bus, server } = this.#parts
    const options: NewWorkerOptions = {
      concurrency,
      lockDuration: lockMs,
      stalledInterval: lockMs,
      maxStalledCount: NO_MAXIMUM,
      removeOnComplete: toKeep(retention.done),
      removeOnFail: toKeep(retention.failed),
      ...(rateLimit === undefined ? {} : { limiter: { max: rateLimit.max, duration: rateLimit.perMs } }),
    }
    const worker = server.worker(name, (job, token) => this.#process(name, job, token), options)
    const ended = (job: BullJob | undefined) => {
      const ending = job === undefined ? undefined : this.#endings.get(job)
      if (job === undefined || ending === undefined) return
      const id = toId(name, job.id ?? '')
      const { failure } = ending
      if (ending.ending !== 'dropped') {
        host.onEvent({ type: ending.ending, id, name, ...(failure === undefined ? {} : { failure }) })
      }
      bus.ended(id)
    }
    worker.on('completed', ended)
    worker.on('failed', ended)
    worker.on('stalled', (bullId) => host.onEvent({ type: 'stalled', id: toId(name, bullId), name }))
    this.#workers.push(worker)
  }

  /** A job was cancelled. @returns whether it runs here */
  cancelled(id: string): boolean {
    const running = this.#running.get(id)
    if (running === undefined) return false
    running.isCancelled = true
    this.#parts.host.abort(id)
    return true
  }

  /** Takes no more jobs. */
  async rest(): Promise<void> {
    if (this.#isResting) return
    this.#isResting = true
    this.#parts.slots.close()
    await Promise.all(this.#workers.map((worker) => worker.pause(true)))
  }

  /** Resolves when all that ran has ended, and Bull knows. */
  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()))
  }

  async #process(name: string, bull: BullJob, token: string): Promise<BullResult> {
    const { aside, slots, adding, host } = this.#parts
    const job = new RunningJob(name, bull, token, host)
    this.#running.set(job.id, job)
    let hasSlot = false
    try {
      await adding.get(job.id)
      if (job.isCancelled || (await aside.isCancelled(name, bull.id ?? ''))) return this.#drop(job)
      if (stallsOf(bull) >= this.#options.maxStalls) return await this.#fail(job, STALLED, 0)
      hasSlot = !this.#isResting && (await slots.take())
      if (!hasSlot) return await this.#putBack(job, false)
      if (job.isCancelled) return this.#drop(job)
      host.onEvent({ type: 'started', id: job.id, name })
      const outcome = await host.run(job.leased())
      await job.written()
      return await this.#end(job, outcome)
    } finally {
      if (hasSlot) slots.release()
      this.#running.delete(job.id)
    }
  }

  async #end(job: RunningJob, outcome: Outcome): Promise<BullResult> {
    const { host, aside } = this.#parts
    const { id, name, bull } = job
    if (job.isCancelled) return this.#drop(job)
    switch (outcome.kind) {
      case 'done':
        this.#endings.set(bull, { ending: 'done' })
        return outcome.result ?? null
      case 'failed':
        return this.#fail(job, outcome.failure, 1)
      case 'expired':
        await aside.put('expired', name, bull)
        host.onEvent({ type: 'expired', id, name })
        return this.#drop(job)
      case 'released':
        return this.#putBack(job, true)
      case 'retry': {
        const { failure, delayMs } = outcome
        const runAtMs = Date.now() + delayMs
        await job.change(({ failures = 0 }) => ({ failures: failures + 1, failure, runAtMs }))
        await bull.moveToDelayed(runAtMs, job.token)
        host.onEvent({ type: 'retrying', id, name, failure })
        throw this.#parts.server.putBack()
      }
    }
  }

  /** @throws always: so Bull puts it among the failed */
  async #fail(job: RunningJob, failure: JobFailure, more: number): Promise<never> {
    await job.change(({ failures = 0 }) => ({ failures: failures + more, failure }))
    this.#endings.set(job.bull, { ending: 'failed', failure })
    throw new Error(failure.message)
  }

  /** @throws always: so Bull leaves it where it was put */
  async #putBack(job: RunningJob, hasStarted: boolean): Promise<never> {
    await job.bull.moveToWait(job.token)
    if (hasStarted) this.#parts.host.onEvent({ type: 'released', id: job.id, name: job.name })
    throw this.#parts.server.putBack()
  }

  /** It is put aside, or nowhere: Bull is to forget it. */
  #drop(job: RunningJob): BullResult {
    job.bull.opts.removeOnComplete = true
    this.#endings.set(job.bull, { ending: 'dropped' })
    return null
  }
}

/** Bull counts seconds. */
function toKeep({ ageMs, count }: { readonly ageMs: number; readonly count: number }) {
  return count === 0 ? { count } : { age: Math.ceil(ageMs / 1_000), count }
}
