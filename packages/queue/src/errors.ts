import { MeshError } from '@pastel-mesh/identity'

/** A job, a handler or a schedule cannot be had as it was asked for. */
export class QueueError extends MeshError {}

/**
 * What a handler throws when trying again is no use: the job goes to the dead letters at once.
 *
 * @example
 * throw new UnrecoverableError('there is no such account')
 */
export class UnrecoverableError extends MeshError {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super('ERR_JOB_UNRECOVERABLE', message, options)
  }
}

/** The same error again, after whoever waits for it has come in between. */
export function stopped(): QueueError {
  return new QueueError('ERR_QUEUE_STOPPED', 'the queue is not running: start it first')
}

export function unknownJob(id: string): QueueError {
  return new QueueError(
    'ERR_JOB_UNKNOWN',
    `there is no job ${id.slice(0, 120)}: it never was, or what is kept of finished jobs has passed it`,
  )
}

/** What a step throws in an attempt that is no longer the one that runs its job. */
export function lostJob(id: string, cause?: unknown): QueueError {
  return new QueueError(
    'ERR_JOB_LOST',
    `the lock of job ${id} ran out while it ran here: it runs again, here or on another node, and this attempt keeps nothing`,
    { cause },
  )
}

/** Why a job is a dead letter during which the process died too often. */
export const STALLED = {
  code: 'ERR_JOB_STALLED',
  message: 'the process died each time this job ran: look at what it does before it is tried again',
}
