import { QueueError } from './errors.ts'
import type { Job } from './job.ts'

/** What a job that has ended gave. @throws QueueError ERR_JOB_FAILED, ERR_JOB_CANCELLED, ERR_JOB_EXPIRED */
export function resultOf({ id, status, result, failure }: Job): unknown {
  if (status === 'done') return result
  if (status === 'failed') {
    throw new QueueError('ERR_JOB_FAILED', `job ${id} failed: ${failure?.message ?? 'no reason is known'}`, {
      cause: failure,
    })
  }
  if (status === 'expired') throw new QueueError('ERR_JOB_EXPIRED', `job ${id} expired before it could start`)
  throw new QueueError('ERR_JOB_CANCELLED', `job ${id} was cancelled`)
}
