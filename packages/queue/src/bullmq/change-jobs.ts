import type { Job, JobStatus } from '../job.ts'
import type { AsideStatus } from './aside-jobs.ts'
import type { BullJob, BullQueue } from './bull-server.ts'
import { bullOptions, parseLogs, renewed, tickOf, toId, toJob } from './envelope.ts'
import type { Parts } from './parts.ts'

export interface Place {
  readonly name: string
  readonly bullId: string
}

type ChangeParts = Pick<Parts, 'host' | 'names' | 'aside' | 'bus' | 'runner'>

/** How often a job is looked for again that moves while it is looked for. */
const MAX_LOOKS = 3
/** A job that comes back is kept from running until it is nowhere else. */
const HOLD_MS = 60_000

export async function findJob(place: Place, parts: ChangeParts): Promise<Job | undefined> {
  const { name, bullId } = place
  const queue = parts.names.queue(name)
  for (let look = 0; look < MAX_LOOKS; look += 1) {
    // In this order: a job is put aside before it leaves its queue.
    const own = await queue.getJob(bullId)
    const aside = await parts.aside.find(name, bullId)
    if (aside !== undefined) return toJob(name, aside, aside.data.ended?.status ?? 'cancelled', [])
    const status = own === undefined ? undefined : await statusOf(queue, own)
    if (own === undefined || status === undefined) continue
    if (isOverdue(own, status) && (await putAside('expired', place, own, parts))) continue
    const { logs } = await queue.getJobLogs(bullId)
    return toJob(name, own, status, parseLogs(logs))
  }
  return undefined
}

export async function cancelJob(place: Place, parts: ChangeParts): Promise<boolean> {
  const { name, bullId } = place
  const queue = parts.names.queue(name)
  const own = await queue.getJob(bullId)
  const status = own === undefined ? undefined : await statusOf(queue, own)
  if (own === undefined || status === undefined || status === 'done' || status === 'failed') return false
  return putAside('cancelled', place, own, parts)
}

/** @returns false if it has ended otherwise */
async function putAside(
  status: AsideStatus,
  { name, bullId }: Place,
  own: BullJob,
  { names, aside, host, bus, runner }: ChangeParts,
): Promise<boolean> {
  if (!(await aside.put(status, name, own))) return false
  const id = toId(name, bullId)
  const queue = names.queue(name)
  const isRemoved = await removeOwn(queue, bullId)
  if (!isRemoved) {
    const state = await queue.getJobState(bullId)
    // It has ended meanwhile; or it has started, which one that expires may no longer be taken from.
    if (state === 'completed' || state === 'failed' || (status === 'expired' && state === 'active')) {
      await aside.remove(name, bullId)
      return false
    }
    runner.cancelled(id)
    bus.cancelled(id)
  }
  host.onEvent({ type: status, id, name })
  bus.ended(id)
  // One that runs is settled by whoever runs it.
  if (isRemoved) await aside.settled(status, name).catch(host.onError)
  return true
}

export async function retryJob({ name, bullId }: Place, parts: ChangeParts): Promise<boolean> {
  const { names, aside } = parts
  const queue = names.queue(name)
  const ended = await aside.find(name, bullId)
  const own = await queue.getJob(bullId)
  if (ended === undefined) return own !== undefined && retryFailed(own)
  const state = own === undefined ? 'unknown' : await queue.getJobState(bullId)
  // The run that was cancelled has not ended.
  if (state === 'active') return false
  if (state === 'completed' || state === 'failed') await queue.remove(bullId)
  if (state === 'completed' || state === 'failed' || state === 'unknown') {
    const envelope = renewed(ended.data, ended.data.createdAtMs ?? ended.timestamp, 0)
    await queue.add(name, envelope, { ...bullOptions(envelope.priority), jobId: bullId, delay: HOLD_MS })
    for (const line of ended.data.ended?.logs ?? []) await queue.addJobLog(bullId, JSON.stringify(line))
  }
  await aside.remove(name, bullId)
  if (tickOf(bullId) === undefined) await (await queue.getJob(bullId))?.promote().catch(() => {})
  return true
}

async function retryFailed(own: BullJob): Promise<boolean> {
  if (!(await own.isFailed())) return false
  await own.updateData(renewed(own.data, own.data.createdAtMs ?? own.timestamp, own.stalledCounter))
  try {
    await own.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true })
    return true
  } catch (error) {
    // Somebody else was faster.
    if (await own.isFailed()) throw error
    return false
  }
}

export async function removeJob({ name, bullId }: Place, parts: ChangeParts): Promise<boolean> {
  const { names, aside, host } = parts
  const queue = names.queue(name)
  const own = await queue.getJob(bullId)
  if (own !== undefined && !(await removeOwn(queue, bullId))) return false
  const ended = await aside.find(name, bullId)
  if (ended !== undefined) await aside.remove(name, bullId)
  if (own !== undefined || ended !== undefined) {
    const id = toId(name, bullId)
    host.onEvent({ type: 'removed', id, name })
    parts.bus.ended(id)
  }
  return true
}

/** @returns false if it runs, or is the next one of a schedule, which Bull does not let go of */
async function removeOwn(queue: BullQueue, bullId: string): Promise<boolean> {
  try {
    return (await queue.remove(bullId)) === 1
  } catch (error) {
    if (tickOf(bullId) !== undefined) return false
    throw error
  }
}

async function statusOf(queue: BullQueue, job: BullJob): Promise<JobStatus | undefined> {
  const bullId = job.id ?? ''
  switch (await queue.getJobState(bullId)) {
    case 'waiting':
    case 'prioritized':
      return 'waiting'
    case 'delayed':
      // Bull moves it when a worker looks: it waits already.
      return (tickOf(bullId) ?? job.data.runAtMs ?? 0) > Date.now() ? 'delayed' : 'waiting'
    case 'active':
      return 'running'
    case 'completed':
      return 'done'
    case 'failed':
      return 'failed'
    default:
      return undefined
  }
}

function isOverdue(job: BullJob, status: JobStatus): boolean {
  const { expiresAtMs } = job.data
  return (
    expiresAtMs !== undefined && expiresAtMs <= Date.now() && (status === 'waiting' || status === 'delayed')
  )
}
