import type { AddOptions, Job } from '@pastel-mesh/queue'
import { z } from 'zod'
import { dropUndefined } from '../drop-undefined.ts'
import { isPlainJson } from '../plain-json.ts'

/** Longer than any there is: what else makes a name or an id is for the queue to say. */
export const nameInput = z.string().min(1).max(200)
export const jobIdInput = z.string().min(1).max(200)

export const statusInput = z.enum(['waiting', 'delayed', 'running', 'done', 'failed', 'cancelled', 'expired'])

export const dataInput = z
  .unknown()
  .refine(isPlainJson, 'the data has to be plain JSON, not too deep')
  .optional()

const wholeMs = z.number().int().min(0)

const retryInput = z.strictObject({
  attempts: z.number().int(),
  backoff: z
    .strictObject({
      type: z.enum(['fixed', 'exponential']),
      delayMs: wholeMs,
      maxDelayMs: wholeMs.optional(),
    })
    .optional(),
  jitter: z.number().optional(),
})

/** Options that a schedule gives its jobs. */
export const scheduledOptions = {
  priority: z.number().optional(),
  timeoutMs: z.number().optional(),
  retry: retryInput.optional(),
}

/** Times in ms since 1970. */
export const jobOptions = z.strictObject({
  ...scheduledOptions,
  delayMs: wholeMs.optional(),
  runAt: wholeMs.optional(),
  expiresAt: wholeMs.optional(),
  dedupKey: z.string().optional(),
})

type GivenOptions = z.infer<typeof jobOptions>

export function toAddOptions({ retry, ...options }: GivenOptions): AddOptions {
  return dropUndefined({ ...options, ...toRetry(retry) })
}

function toRetry(retry: GivenOptions['retry']): Pick<AddOptions, 'retry'> {
  if (retry === undefined) return {}
  const { backoff, ...rest } = dropUndefined(retry)
  return { retry: { ...rest, ...(backoff === undefined ? {} : { backoff: dropUndefined(backoff) }) } }
}

/** Characters of a job's data in a list. */
const MAX_PREVIEW = 200

/** A job in a list: without what may be large. */
export function toJobSummary({ data, result, logs, steps, failure, ...rest }: Job) {
  return {
    ...rest,
    /** The beginning of its data, as JSON. */
    preview: (JSON.stringify(data) ?? '').slice(0, MAX_PREVIEW),
    ...(failure === undefined ? {} : { failure: dropStack(failure) }),
  }
}

export type JobSummary = ReturnType<typeof toJobSummary>

function dropStack({ code, message }: NonNullable<Job['failure']>) {
  return { ...(code === undefined ? {} : { code }), message }
}
