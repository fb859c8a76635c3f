import { QueueError } from './errors.ts'

/** How long to wait before the next attempt. */
export interface BackoffPolicy {
  /** `fixed`: always `delayMs`; `exponential`: twice as long each time. */
  readonly type: 'fixed' | 'exponential'
  /** Before the second attempt. */
  readonly delayMs: number
  /** @default one day */
  readonly maxDelayMs?: number
}

/**
 * How long to wait, in ms, after so many failures (1 after the first), because of an error. `Infinity`: there is no other
 * attempt. What is no time (NaN, less than 0) is none to wait; one that throws leaves the wait to the default back-off.
 */
export type BackoffFunction = (failures: number, error: unknown) => number

/** What happens to a job whose handler throws. It is kept with the job. */
export interface RetryPolicy {
  /** Attempts in all, 1 to 1,000. */
  readonly attempts: number
  /** @default exponential, from one second on */
  readonly backoff?: BackoffPolicy
  /** How much of the wait is left to chance, 0 to 1: at 0.5 a wait of 8 s is 4 to 8 s. @default 0 */
  readonly jitter?: number
}

/** The same for all jobs of a handler; a function cannot be kept with a job, so only a handler can have one. */
export interface HandlerRetryPolicy extends Omit<RetryPolicy, 'backoff'> {
  readonly backoff?: BackoffPolicy | BackoffFunction
}

const DEFAULT_BACKOFF: BackoffPolicy = { type: 'exponential', delayMs: 1_000 }
const DAY_MS = 24 * 60 * 60 * 1_000
const MAX_ATTEMPTS = 1_000
/** Longer than anybody waits, and short enough for the time at which it ends to be one that can be written down. */
const MAX_DELAY_MS = 1e15

/** Five attempts, some 15 s apart in all: long enough for a restart of what a job depends on. */
export const DEFAULT_RETRY: HandlerRetryPolicy = { attempts: 5, backoff: DEFAULT_BACKOFF, jitter: 0.2 }

/** The wait before the next attempt; undefined if there is none. */
export function nextDelayMs(
  policy: HandlerRetryPolicy,
  failures: number,
  error: unknown,
): number | undefined {
  if (failures >= policy.attempts) return undefined
  const { backoff = DEFAULT_BACKOFF, jitter = 0 } = policy
  const delayMs =
    typeof backoff === 'function' ? byFunction(backoff, failures, error) : byPolicy(backoff, failures)
  if (delayMs === Number.POSITIVE_INFINITY) return undefined
  // What a function makes of it is nothing that a job is lost for.
  if (!(delayMs > 0)) return 0
  return Math.round(Math.min(MAX_DELAY_MS, delayMs) * (1 - jitter * Math.random()))
}

function byFunction(backoff: BackoffFunction, failures: number, error: unknown): number {
  try {
    return Number(backoff(failures, error))
  } catch {
    return byPolicy(DEFAULT_BACKOFF, failures)
  }
}

function byPolicy({ type, delayMs, maxDelayMs = DAY_MS }: BackoffPolicy, failures: number): number {
  return Math.min(maxDelayMs, type === 'fixed' ? delayMs : delayMs * 2 ** (failures - 1))
}

/** @throws QueueError ERR_JOB_OPTIONS */
export function checkRetry(retry: HandlerRetryPolicy): void {
  const { attempts, backoff, jitter = 0 } = retry
  if (!Number.isInteger(attempts) || attempts < 1 || attempts > MAX_ATTEMPTS) {
    throw badRetry(`attempts is ${attempts}: give 1 to ${MAX_ATTEMPTS}`)
  }
  if (!(jitter >= 0 && jitter <= 1)) throw badRetry(`jitter is ${jitter}: give 0 to 1`)
  if (backoff === undefined || typeof backoff === 'function') return
  if (backoff.type !== 'fixed' && backoff.type !== 'exponential') {
    throw badRetry(`backoff.type is ${backoff.type}: give "fixed" or "exponential"`)
  }
  for (const delayMs of [backoff.delayMs, backoff.maxDelayMs ?? 0]) {
    if (!(delayMs >= 0 && Number.isFinite(delayMs)))
      throw badRetry(`a delay is ${delayMs}: give ms, 0 or more`)
  }
}

function badRetry(what: string): QueueError {
  return new QueueError('ERR_JOB_OPTIONS', `retry: ${what}`)
}
