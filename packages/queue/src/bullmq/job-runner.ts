import { setTimeout } from 'node:timers/promises'
import type { DriverHost, HandlerLimits, Outcome } from '../driver.ts'
import { lostJob, QueueError, STALLED } from '../errors.ts'
import type { JobFailure } from '../job.ts'
import type { RetentionRules } from '../level/ended-jobs.ts'
import type { AsideJobs, AsideStatus } from './aside-jobs.ts'
import type { BullJob, BullResult, BullServer, BullWorker, NewWorkerOptions } from './bull-server.ts'
import { stallsOf, toId } from './envelope.ts'
import type { EventBus } from './event-bus.ts'
import type { Names } from './names.ts'
import { type Ending, RunningJob } from './running-job.ts'
import type { Slots } from './slots.ts'

export interface JobRunnerOptions {
  readonly lockMs: number
  readonly maxStalls: number
  readonly retention: RetentionRules
}

export interface JobRunnerComponents {
  readonly server: BullServer
  readonly names: Names
  readonly aside: AsideJobs
  readonly bus: EventBus
  readonly slots: Slots
  readonly host: DriverHost
  /** Jobs that are being added here: they were not heard of yet. */
  readonly adding: ReadonlyMap<string, Promise<unknown>>
}

interface Ended {
  readonly ending: Ending
  readonly failure?: JobFailure
  /** Where one that was dropped is. */
  readonly aside?: AsideStatus
}

/** Pauses between calls of a server that does not do what it is asked, in ms. */
const MIN_PAUSE_MS = 20
const MAX_PAUSE_MS = 500
/** Bull counts stalls, and we judge them: it spares jobs of schedules, and never forgets. */
const NO_MAXIMUM = 1_000_000

/**
 * Runs what Bull hands out.
 *
 * ```
 *   Bull's waiting ─▶ active ─▶ is it cancelled? ─yes─▶ dropped (it is among the cancelled already)
 *                       │              │ no
 *                       │         has a slot (cancelled while it waits for one: dropped); host.run()
 *                       │              ├─ done ─────▶ Bull's completed
 *                       │              ├─ failed ───▶ the failure is written; Bull's failed: the dead letters
 *                       │              ├─ retry ────▶ the failure is written; Bull's delayed
 *                       │              ├─ expired ──▶ put aside; dropped
 *                       │              └─ released ─▶ Bull's waiting, in front
 *                       ├─ the server failed: asked again; nothing of that is a failure of the job
 *                       └─ the process died, or that took too long: when the lock has run out, waiting again on any node, one stall more
 * ```
 */
export class JobRunner {
  readonly #options: JobRunnerOptions
  readonly #parts: JobRunnerComponents
  readonly #workers: BullWorker[] = []
  readonly #running = new Map<string, RunningJob>()
  readonly #endings = new WeakMap<BullJob, Ended>()
  readonly #settling = new Set<Promise<void>>()
  /** So Bull leaves a job where it is. */
  readonly #putBackError: Error
  #isResting = false
  #isStopping = false

  constructor(options: JobRunnerOptions, components: JobRunnerComponents) {
    this.#options = options
    this.#parts = components
    this.#putBackError = components.server.putBack()
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
      if (ending.aside !== undefined) this.#settle(ending.aside, name)
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
    running.stopWaiting()
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
    this.#isStopping = true
    await Promise.all(this.#workers.map((worker) => worker.close()))
    // One that closes may have been told of a job that is new, instead of a node that would take it.
    await Promise.all(this.#workers.map(({ name }) => this.#wake(name)))
    await Promise.all(this.#settling)
  }

  async #process(name: string, bull: BullJob, token: string): Promise<BullResult> {
    const { aside, slots, adding, host } = this.#parts
    const job = new RunningJob(name, bull, token, this.#options.lockMs, host)
    this.#guard(job)
    this.#running.set(job.id, job)
    let hasSlot = false
    try {
      await adding.get(job.id)
      if (job.isCancelled || (await this.#insist(job, () => aside.hasEnded(name, bull))))
        return this.#drop(job, 'cancelled')
      if (stallsOf(bull) >= this.#options.maxStalls) return await this.#fail(job, STALLED, 0)
      hasSlot = !this.#isResting && (await this.#takeSlot(job))
      if (job.isCancelled) return this.#drop(job, 'cancelled')
      if (!hasSlot) return await this.#putBack(job, false)
      host.onEvent({ type: 'started', id: job.id, name })
      const outcome = await host.run(job.leased())
      await job.written()
      return await this.#end(job, outcome)
    } catch (error) {
      if (error === this.#putBackError || this.#endings.has(bull)) throw error
      host.onError(error)
      throw this.#putBackError
    } finally {
      if (hasSlot) slots.release()
      // One that is done may be cancelled until Bull has that.
      if (this.#endings.get(bull)?.ending !== 'done') this.#forget(job)
    }
  }

  /** @returns false if there is none, or the job was cancelled meanwhile */
  async #takeSlot(job: RunningJob): Promise<boolean> {
    if (job.isCancelled) return false
    return this.#parts.slots.take((leave) => {
      job.stopWaiting = leave
    })
  }

  async #end(job: RunningJob, outcome: Outcome): Promise<BullResult> {
    const { host, aside } = this.#parts
    const { id, name, bull } = job
    if (job.isCancelled) return this.#drop(job, 'cancelled')
    switch (outcome.kind) {
      case 'done':
        this.#endings.set(bull, { ending: 'done' })
        return outcome.result ?? null
      case 'failed':
        return this.#fail(job, outcome.failure, 1)
      case 'expired':
        await this.#insist(job, async () => {
          await job.hold()
          await aside.put('expired', name, bull)
        })
        host.onEvent({ type: 'expired', id, name })
        return this.#drop(job, 'expired')
      case 'released':
        return this.#putBack(job, true)
      case 'retry': {
        const { failure, delayMs } = outcome
        const runAtMs = Date.now() + delayMs
        await this.#insist(job, () =>
          job.change(({ failures = 0 }) => ({ failures: failures + 1, failure, runAtMs })),
        )
        await this.#insist(job, () => bull.moveToDelayed(runAtMs, job.token))
        host.onEvent({ type: 'retrying', id, name, failure })
        throw this.#putBackError
      }
    }
  }

  /** @throws always: so Bull puts it among the failed */
  async #fail(job: RunningJob, failure: JobFailure, more: number): Promise<never> {
    await this.#insist(job, () => job.change(({ failures = 0 }) => ({ failures: failures + more, failure })))
    this.#endings.set(job.bull, { ending: 'failed', failure })
    throw new Error(failure.message)
  }

  /** @throws always: so Bull leaves it where it was put */
  async #putBack(job: RunningJob, hasStarted: boolean): Promise<never> {
    await this.#insist(job, () => job.bull.moveToWait(job.token))
    await this.#wake(job.name)
    if (hasStarted) this.#parts.host.onEvent({ type: 'released', id: job.id, name: job.name })
    throw this.#putBackError
  }

  /** Other nodes may have room for what this one does not run. Without this they would look some seconds later. */
  async #wake(name: string): Promise<void> {
    const { server, names, host } = this.#parts
    await server.wake(names.queue(name)).catch(host.onError)
  }

  /** It is put aside, or nowhere: Bull is to forget it. */
  #drop(job: RunningJob, aside: AsideStatus): BullResult {
    job.bull.opts.removeOnComplete = true
    this.#endings.set(job.bull, { ending: 'dropped', aside })
    return null
  }

  /** It was cancelled before it was done: then that is what it is. */
  async #undo({ bull }: RunningJob): Promise<void> {
    if (this.#endings.get(bull)?.ending !== 'done') return
    await bull.remove()
    this.#endings.set(bull, { ending: 'dropped', aside: 'cancelled' })
  }

  #forget(job: RunningJob): void {
    if (this.#running.get(job.id) === job) this.#running.delete(job.id)
  }

  #settle(status: AsideStatus, name: string): void {
    const { aside, host } = this.#parts
    const settling = aside
      .settled(status, name)
      .catch(host.onError)
      .finally(() => this.#settling.delete(settling))
    this.#settling.add(settling)
  }

  /** Bull takes any error, also the server's when it is told the end of a job, for a failure of the job: it is none. */
  #guard(job: RunningJob): void {
    const { bull } = job
    const complete = bull.moveToCompleted.bind(bull)
    const fail = bull.moveToFailed.bind(bull)
    bull.moveToCompleted = async (...args) => {
      try {
        const next = await this.#insist(job, () => complete(...args))
        if (job.isCancelled) await this.#undo(job).catch(this.#parts.host.onError)
        return next
      } finally {
        this.#forget(job)
      }
    }
    bull.moveToFailed = async (error, ...args) => {
      if (this.#endings.get(bull)?.ending !== 'failed') throw error
      return this.#insist(job, () => fail(error, ...args))
    }
  }

  /**
   * Asks the server until it has done it, for as long as the job is this node's. If it is not, its lock runs out.
   * @throws QueueError ERR_JOB_LOST
   */
  async #insist<T>(job: RunningJob, ask: () => Promise<T>): Promise<T> {
    let told = false
    for (let pauseMs = MIN_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      try {
        return await ask()
      } catch (error) {
        if (isLost(error)) throw error
        if (!told) this.#parts.host.onError(error)
        told = true
        if (this.#isStopping) throw lostJob(job.id, error)
      }
      await setTimeout(pauseMs)
      await job.hold().catch((error) => {
        if (isLost(error)) throw error
      })
    }
  }
}

function isLost(error: unknown): boolean {
  return error instanceof QueueError && error.code === 'ERR_JOB_LOST'
}

/** Bull counts seconds. */
function toKeep({ ageMs, count }: { readonly ageMs: number; readonly count: number }) {
  return count === 0 ? { count } : { age: Math.ceil(ageMs / 1_000), count }
}
