import { MeshError } from '@pastel-mesh/identity'
import { toJson } from './add-options.ts'
import type { Clock } from './clock.ts'
import type { LeasedJob, Outcome } from './driver.ts'
import { QueueError, UnrecoverableError } from './errors.ts'
import type { JobContext, JobFailure, JobHandler, JsonValue } from './job.ts'
import { type HandlerRetryPolicy, nextDelayMs } from './retry.ts'

/** Why an attempt is not to go on. */
export type AbortReason = 'timeout' | 'cancelled' | 'stop'

export interface Attempt {
  readonly job: LeasedJob
  readonly handler: JobHandler
  readonly retry: HandlerRetryPolicy
  readonly timeoutMs: number | undefined
  readonly clock: Clock
  /** An attempt at the same job whose handler may not have ended: this one begins when it has. */
  readonly before?: Promise<unknown>
}

/** How long a handler may take to end when its signal has fired; then it is left to itself. */
const GRACE_MS = 5_000
const MAX_LOG_LENGTH = 1_000
const MAX_PROGRESS_BYTES = 4 * 1024
const MAX_STEP_BYTES = 64 * 1024
const MAX_STEPS = 100
const MAX_STEP_NAME_LENGTH = 100
const MAX_MESSAGE_LENGTH = 2_000
const MAX_STACK_LENGTH = 4_000

/**
 * One attempt at a job: until its handler has ended, or has been told to and did not. What only few attempts need, a
 * signal above all, is made when it is asked for: most jobs are short.
 */
export class RunningAttempt {
  readonly outcome: Promise<Outcome>
  readonly #attempt: Attempt
  #controller: AbortController | undefined
  #aborted: { readonly reason: AbortReason; readonly error: Error } | undefined
  #settle: (outcome: Outcome) => void = () => {}
  #cancelTimer: () => void = () => {}

  constructor(attempt: Attempt) {
    this.#attempt = attempt
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve
    })
    const { before } = attempt
    if (before === undefined) this.#begin()
    else before.then(() => this.#begin())
  }

  abort(reason: AbortReason, error: Error, graceMs: number = GRACE_MS): void {
    if (this.#aborted !== undefined) return
    this.#aborted = { reason, error }
    this.#cancelTimer()
    this.#controller?.abort(error)
    this.#cancelTimer = this.#attempt.clock.wake(graceMs, () => this.#end(this.#failed(error)))
  }

  get #signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.error)
    }
    return this.#controller.signal
  }

  #begin(): void {
    const { job, timeoutMs, clock } = this.#attempt
    if (this.#aborted !== undefined) this.#end({ kind: 'released' })
    else if (job.expiresAtMs !== undefined && job.expiresAtMs <= clock.now()) this.#end({ kind: 'expired' })
    else {
      if (timeoutMs !== undefined) {
        this.#cancelTimer = clock.wake(timeoutMs, () => this.abort('timeout', timedOut(job.id, timeoutMs)))
      }
      this.#handle()
    }
  }

  #handle(): void {
    try {
      const result = this.#attempt.handler(this.#context())
      if (!isThenable(result)) this.#returned(result)
      else {
        Promise.resolve(result).then(
          (value) => this.#returned(value),
          (error) => this.#end(this.#failed(error)),
        )
      }
    } catch (error) {
      // A handler that throws at once fails as one that throws later.
      this.#end(this.#failed(error))
    }
  }

  #returned(result: unknown): void {
    try {
      if (this.#aborted?.reason === 'timeout') throw this.#aborted.error
      this.#end({ kind: 'done', result: result === undefined ? undefined : keepable(result) })
    } catch (error) {
      this.#end(this.#failed(error))
    }
  }

  #end(outcome: Outcome): void {
    this.#cancelTimer()
    this.#settle(outcome)
  }

  #failed(error: unknown): Outcome {
    const { job, retry } = this.#attempt
    const { reason } = this.#aborted ?? {}
    if (reason === 'stop' || reason === 'cancelled') return { kind: 'released' }
    // What the handler makes of being told to stop says less than why it was told.
    const cause = this.#aborted?.reason === 'timeout' ? this.#aborted.error : error
    const failure = toFailure(cause)
    if (cause instanceof UnrecoverableError) return { kind: 'failed', failure }
    const delayMs = nextDelayMs(retry, job.failures + 1, cause)
    return delayMs === undefined ? { kind: 'failed', failure } : { kind: 'retry', failure, delayMs }
  }

  #context(): JobContext {
    const { job, clock } = this.#attempt
    const signal = () => this.#signal
    let kept: { readonly steps: Map<string, JsonValue>; readonly running: Set<string> } | undefined
    return {
      id: job.id,
      name: job.name,
      data: JSON.parse(job.data),
      attempt: job.failures + job.stalls + 1,
      get signal() {
        return signal()
      },
      log: (text) => job.log({ atMs: clock.now(), text: String(text).slice(0, MAX_LOG_LENGTH) }),
      progress: (value) => job.progress(JSON.parse(toJson(value, 'progress', MAX_PROGRESS_BYTES))),
      async step<T extends JsonValue | undefined>(name: string, run: () => Promise<T> | T): Promise<T> {
        kept ??= { steps: new Map(Object.entries(job.steps)), running: new Set() }
        const { steps, running } = kept
        if (steps.has(name)) return steps.get(name) as T
        checkStep(name, steps.size, running)
        signal().throwIfAborted()
        running.add(name)
        try {
          const value = JSON.parse(toJson(await run(), `step ${name}`, MAX_STEP_BYTES)) as JsonValue
          await job.keepStep(name, value)
          steps.set(name, value)
          return value as T
        } finally {
          running.delete(name)
        }
      },
    }
  }
}

function checkStep(name: string, count: number, running: ReadonlySet<string>): void {
  if (typeof name !== 'string' || name === '' || name.length > MAX_STEP_NAME_LENGTH) {
    throw new QueueError('ERR_JOB_STEP', `a step's name has 1 to ${MAX_STEP_NAME_LENGTH} characters`)
  }
  if (running.has(name)) {
    throw new QueueError('ERR_JOB_STEP', `step ${name} is running already: give each step a name of its own`)
  }
  if (count >= MAX_STEPS) {
    throw new QueueError('ERR_JOB_STEP', `the job has ${MAX_STEPS} steps: make a job of each part of it`)
  }
}

/** @throws UnrecoverableError if it cannot be kept: trying again would do it all again, for the same */
function keepable(result: unknown): string {
  try {
    return toJson(result, 'the result')
  } catch (cause) {
    throw new UnrecoverableError((cause as Error).message, { cause })
  }
}

function timedOut(id: string, timeoutMs: number): QueueError {
  return new QueueError('ERR_JOB_TIMEOUT', `job ${id} took longer than ${timeoutMs} ms`)
}

function toFailure(error: unknown): JobFailure {
  if (!(error instanceof Error)) return { message: String(error).slice(0, MAX_MESSAGE_LENGTH) }
  const { code } = error as { code?: unknown }
  return {
    ...(typeof code === 'string' ? { code: code.slice(0, 100) } : {}),
    message: error.message.slice(0, MAX_MESSAGE_LENGTH),
    // Where an error of ours came from is no secret, and no help.
    ...(error instanceof MeshError || error.stack === undefined
      ? {}
      : { stack: error.stack.slice(0, MAX_STACK_LENGTH) }),
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    typeof (value as { readonly then?: unknown }).then === 'function'
  )
}
