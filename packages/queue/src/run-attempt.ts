import { MeshError } from '@pastel-mesh/identity'
import { toJson } from './add-options.ts'
import { AttemptContext } from './attempt-context.ts'
import type { Clock } from './clock.ts'
import type { LeasedJob, Outcome } from './driver.ts'
import { QueueError, UnrecoverableError } from './errors.ts'
import type { JobFailure, JobHandler } from './job.ts'
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
      const { job, clock, handler } = this.#attempt
      const context = new AttemptContext(job, { clock, signal: () => this.#signal })
      const result = handler(context)
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
