import { badOption, checkName, checkTimeout } from './add-options.ts'
import type { RateLimit } from './driver.ts'
import { QueueError } from './errors.ts'
import type { JobHandler } from './job.ts'
import { checkRetry, DEFAULT_RETRY, type HandlerRetryPolicy } from './retry.ts'

/** What checks a value, in the form that zod, valibot, arktype and others share (Standard Schema, version 1). */
export interface JobSchema<T = unknown> {
  readonly '~standard': {
    readonly validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>
  }
}

type SchemaResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] }

export interface HandlerOptions<Data = unknown> {
  /** Jobs of this name at a time. @default 10 */
  readonly concurrency?: number
  /** How long an attempt may take. @default no limit */
  readonly timeoutMs?: number
  /** What happens when it throws. @default 5 attempts, exponential from one second on, a fifth of it by chance */
  readonly retry?: HandlerRetryPolicy
  /** How many jobs may start in some time. @default no limit */
  readonly rateLimit?: RateLimit
  /** Checks data when a job is added in this process. */
  readonly schema?: JobSchema<Data>
}

export interface Handler {
  readonly name: string
  readonly handle: JobHandler
  readonly concurrency: number
  readonly timeoutMs: number | undefined
  readonly retry: HandlerRetryPolicy
  readonly rateLimit: RateLimit | undefined
  readonly schema: JobSchema | undefined
}

const DEFAULT_CONCURRENCY = 10
const MAX_CONCURRENCY = 10_000
const MAX_RATE = 100_000

/** @throws QueueError ERR_JOB_NAME, ERR_JOB_OPTIONS */
export function toHandler(name: string, handle: JobHandler, options: HandlerOptions): Handler {
  checkName(name)
  if (typeof handle !== 'function') throw badOption(`the handler of ${name} is no function`)
  const { concurrency = DEFAULT_CONCURRENCY, timeoutMs, retry = DEFAULT_RETRY, rateLimit, schema } = options
  checkConcurrency(concurrency)
  checkRetry(retry)
  if (timeoutMs !== undefined) checkTimeout(timeoutMs)
  if (rateLimit !== undefined) {
    const { max, perMs } = rateLimit
    if (!Number.isInteger(max) || max < 1 || max > MAX_RATE || !(perMs > 0)) {
      throw badOption(`rateLimit is ${max} in ${perMs} ms: give 1 to ${MAX_RATE}, and ms`)
    }
  }
  return { name, handle, concurrency, timeoutMs, retry, rateLimit, schema }
}

/** @throws QueueError ERR_JOB_OPTIONS */
export function checkConcurrency(concurrency: number): void {
  if (Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= MAX_CONCURRENCY) return
  throw badOption(`concurrency is ${concurrency}: give 1 to ${MAX_CONCURRENCY}`)
}

/**
 * The data as its schema gives it.
 * @throws QueueError ERR_JOB_DATA
 */
export async function checkData(name: string, data: unknown, schema: JobSchema): Promise<unknown> {
  const result = await schema['~standard'].validate(data)
  if (result.issues === undefined) return result.value
  const why = result.issues.map(({ message }) => message).join('; ')
  throw new QueueError(
    'ERR_JOB_DATA',
    `the data of ${name} is not what its handler takes: ${why.slice(0, 500)}`,
  )
}
