import type { NewJob } from './driver.ts'
import { QueueError } from './errors.ts'
import { checkRetry, type RetryPolicy } from './retry.ts'

export interface AddOptions {
  /** How long the job waits at least. Not with `runAt`. */
  readonly delayMs?: number
  /** When it is to run at the earliest: a date, or ms since 1970. */
  readonly runAt?: Date | number
  /** -100 to 100: a higher one runs first, among those of one priority the older. @default 0 */
  readonly priority?: number
  /**
   * While a job of the same name and key is known, waiting, running or kept after its end, nothing is added: the answer
   * is that job. 200 bytes at most.
   */
  readonly dedupKey?: string
  /** @default that of the handler */
  readonly retry?: RetryPolicy
  /** If it has not started by then, it does not start: a date, or ms since 1970. */
  readonly expiresAt?: Date | number
  /** How long an attempt may take. @default that of the handler */
  readonly timeoutMs?: number
}

const MAX_DATA_BYTES = 512 * 1024
const MAX_DEDUP_KEY_BYTES = 200
const MAX_PRIORITY = 100
/** What a date can say. */
const MAX_TIME_MS = 8.64e15
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

export function isName(name: unknown): boolean {
  return typeof name === 'string' && NAME.test(name)
}

/** @throws QueueError ERR_JOB_NAME */
export function checkName(name: string): void {
  if (isName(name)) return
  throw new QueueError(
    'ERR_JOB_NAME',
    `"${String(name).slice(0, 80)}" is no name of a job: give 1 to 64 letters, digits, dots, hyphens, underscores`,
  )
}

/** @throws QueueError ERR_JOB_NAME, ERR_JOB_DATA, ERR_JOB_OPTIONS */
export function toNewJob(name: string, data: unknown, options: AddOptions, nowMs: number): NewJob {
  checkName(name)
  const { priority = 0, dedupKey, retry, timeoutMs } = options
  if (!Number.isInteger(priority) || Math.abs(priority) > MAX_PRIORITY) {
    throw badOption(`priority is ${priority}: give ${-MAX_PRIORITY} to ${MAX_PRIORITY}`)
  }
  const runAtMs = runAt(options, nowMs)
  const expiresAtMs = time('expiresAt', options.expiresAt)
  if (expiresAtMs !== undefined && expiresAtMs <= Math.max(nowMs, runAtMs ?? 0)) {
    throw badOption('expiresAt is not after the time at which it may start: it could never run')
  }
  if (timeoutMs !== undefined) checkTimeout(timeoutMs)
  if (dedupKey !== undefined) checkDedupKey(dedupKey)
  if (retry !== undefined) {
    if (typeof retry.backoff === 'function') {
      throw badOption('retry.backoff is a function, which cannot be kept: give it to the handler')
    }
    checkRetry(retry)
  }
  return {
    name,
    data: toJson(data, 'data'),
    priority,
    ...(runAtMs === undefined ? {} : { runAtMs }),
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(retry === undefined ? {} : { retry }),
    ...(dedupKey === undefined ? {} : { dedupKey }),
  }
}

/**
 * What is kept of a value. `undefined` is kept as null.
 * @throws QueueError ERR_JOB_DATA
 */
export function toJson(value: unknown, what: string, maxBytes: number = MAX_DATA_BYTES): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value ?? null)
  } catch (cause) {
    throw new QueueError('ERR_JOB_DATA', `${what} cannot be said in JSON: ${(cause as Error).message}`, {
      cause,
    })
  }
  if (text === undefined) throw new QueueError('ERR_JOB_DATA', `${what} is a ${typeof value}: give JSON`)
  // No character of a string takes more than three bytes.
  if (text.length * 3 > maxBytes) {
    const bytes = Buffer.byteLength(text)
    if (bytes > maxBytes) {
      throw new QueueError('ERR_JOB_DATA', `${what} has ${bytes} bytes of JSON: ${maxBytes} are the most`)
    }
  }
  return text
}

/** @throws QueueError ERR_JOB_OPTIONS */
export function checkTimeout(timeoutMs: number): void {
  if (timeoutMs > 0 && timeoutMs < MAX_TIME_MS) return
  throw badOption(`timeoutMs is ${timeoutMs}: give ms, more than 0`)
}

export function badOption(what: string): QueueError {
  return new QueueError('ERR_JOB_OPTIONS', what)
}

function runAt({ delayMs, runAt }: AddOptions, nowMs: number): number | undefined {
  if (delayMs === undefined) return time('runAt', runAt)
  if (runAt !== undefined) throw badOption('delayMs and runAt are both given: give one of them')
  if (!(delayMs >= 0 && nowMs + delayMs <= MAX_TIME_MS)) {
    throw badOption(`delayMs is ${delayMs}: give ms, 0 or more`)
  }
  return delayMs === 0 ? undefined : Math.ceil(nowMs + delayMs)
}

function time(what: string, value: Date | number | undefined): number | undefined {
  if (value === undefined) return undefined
  const ms = typeof value === 'number' ? value : value.getTime()
  if (ms >= 0 && ms <= MAX_TIME_MS) return Math.ceil(ms)
  throw badOption(`${what} is no time: give a date, or ms since 1970`)
}

function checkDedupKey(key: string): void {
  const bytes = typeof key === 'string' ? Buffer.byteLength(key) : 0
  if (bytes > 0 && bytes <= MAX_DEDUP_KEY_BYTES) return
  throw badOption(`dedupKey has ${bytes} bytes: give text of 1 to ${MAX_DEDUP_KEY_BYTES}`)
}
