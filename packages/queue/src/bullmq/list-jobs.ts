import { badOption } from '../add-options.ts'
import type { JobCounts, JobPage, JobQuery } from '../driver.ts'
import type { Job, JobStatus } from '../job.ts'
import { type AsideStatus, asideOf } from './aside-jobs.ts'
import type { BullJob, BullQueue } from './bull-server.ts'
import { parseLogs, tickOf, toJob } from './envelope.ts'
import type { Names } from './names.ts'
import { pendingTicks } from './schedules.ts'

type BullType = 'wait' | 'prioritized' | 'delayed' | 'active' | 'completed' | 'failed'

/** A stretch of a list: one of Bull's states in one of its queues. */
interface Stretch {
  readonly name: string
  readonly queue: BullQueue
  readonly type: BullType
}

/** Where to look for the last job of the page before, if some have gone meanwhile. */
const LOOK_BACK = 5_000

export async function listJobs(query: JobQuery, names: Names): Promise<JobPage> {
  const { name } = query
  const all = name === undefined ? await names.all() : (await names.has(name)) ? [name] : []
  const stretches = all.flatMap((name) => stretchesOf(name, query.status, names))
  const isByEnd = isFinished(query.status)
  let { index, from } = await startOf(query, stretches, isByEnd)
  const jobs: Job[] = []
  for (; index < stretches.length; index += 1, from = undefined) {
    const stretch = stretches[index]
    if (stretch === undefined) break
    const page = await (isByEnd ? endedPage : livePage)(stretch, from, query.limit - jobs.length)
    jobs.push(...(await show(page.ids, stretch, query.status)))
    if (page.next !== undefined) return { jobs, next: JSON.stringify([index, stretch.name, page.next]) }
    if (jobs.length === query.limit && index + 1 < stretches.length) {
      return { jobs, next: JSON.stringify([index + 1, stretches[index + 1]?.name, null]) }
    }
  }
  return { jobs }
}

export async function countJobs(names: Names): Promise<Map<string, JobCounts>> {
  const counts = new Map<string, JobCounts>()
  const counted = await Promise.all(
    (await names.all()).map(async (name) => {
      const queue = names.queue(name)
      const of = await queue.getJobCounts('wait', 'prioritized', 'delayed', 'active', 'completed', 'failed')
      const [cancelled, expired, pending] = await Promise.all([
        names.queue(asideOf(name, 'cancelled')).getPrioritizedCount(),
        names.queue(asideOf(name, 'expired')).getPrioritizedCount(),
        (of.delayed ?? 0) === 0 ? 0 : pendingTicks(queue),
      ])
      const due = (of.delayed ?? 0) === 0 ? 0 : await queue.getDelayedCount(Date.now())
      const byStatus: JobCounts = {
        waiting: (of.wait ?? 0) + (of.prioritized ?? 0) + due,
        delayed: Math.max(0, (of.delayed ?? 0) - due - pending),
        running: of.active ?? 0,
        done: of.completed ?? 0,
        failed: of.failed ?? 0,
        cancelled,
        expired,
      }
      return { name, byStatus }
    }),
  )
  for (const { name, byStatus } of counted) {
    if (Object.values(byStatus).some((count) => count > 0)) counts.set(name, byStatus)
  }
  return counts
}

function stretchesOf(name: string, status: JobStatus, names: Names): Stretch[] {
  const own = (...types: BullType[]) => types.map((type) => ({ name, queue: names.queue(name), type }))
  const aside = (which: AsideStatus): Stretch[] => [
    { name, queue: names.queue(asideOf(name, which)), type: 'prioritized' },
  ]
  switch (status) {
    case 'waiting':
      return own('wait', 'prioritized')
    case 'delayed':
      return own('delayed')
    case 'running':
      return own('active')
    case 'done':
      return own('completed')
    case 'failed':
      return own('failed')
    default:
      return aside(status)
  }
}

function isFinished(status: JobStatus): boolean {
  return status !== 'waiting' && status !== 'delayed' && status !== 'running'
}

type Place = number | undefined
type After = [index: number, name: string, from: [rank: number, id: string] | null]

/** @throws QueueError ERR_JOB_OPTIONS */
function parseAfter(after: string): After {
  try {
    const value: unknown = JSON.parse(after)
    if (isAfter(value)) return value
  } catch {}
  throw badOption('after is not what a page gave as its next')
}

function isAfter(value: unknown): value is After {
  const isRank = (rank: unknown) => Number.isSafeInteger(rank) && Number(rank) >= 0
  if (!Array.isArray(value) || !isRank(value[0]) || typeof value[1] !== 'string') return false
  const from: unknown = value[2]
  return from === null || (Array.isArray(from) && isRank(from[0]) && typeof from[1] === 'string')
}

async function startOf(
  { after }: JobQuery,
  stretches: readonly Stretch[],
  isByEnd: boolean,
): Promise<{ index: number; from: Place }> {
  if (after === undefined) return { index: 0, from: undefined }
  const [place, name, from] = parseAfter(after)
  // A name may have come or gone.
  const first = stretches.findIndex((stretch) => stretch.name >= name)
  if (first === -1) return { index: stretches.length, from: undefined }
  const index = stretches[place]?.name === name ? place : first
  const stretch = stretches[index]
  if (from === null || stretch === undefined || stretch.name !== name) return { index, from: undefined }
  const [rank, id] = from
  return { index, from: isByEnd ? rank : await rankBehind(stretch, rank, id) }
}

/** Those that wait move up when others go: the page begins behind the last job of the page before, wherever it is. */
async function rankBehind({ queue, type }: Stretch, rank: number, id: string): Promise<number> {
  const start = Math.max(0, rank - LOOK_BACK)
  const ids = await queue.getRanges([type], start, rank, isSorted(type))
  const index = ids.lastIndexOf(id)
  // It has gone, and with it, mostly, all before it.
  return index === -1 ? 0 : start + index + 1
}

/** Pages of Bull's lists, for which order means little, come turned round from PostgreSQL if asked for ascending. */
function isSorted(type: BullType): boolean {
  return type !== 'wait' && type !== 'active'
}

interface Page {
  readonly ids: readonly string[]
  readonly next?: [rank: number, id: string]
}

async function livePage({ queue, type }: Stretch, from: Place, limit: number): Promise<Page> {
  const start = from ?? 0
  const ids = await queue.getRanges([type], start, start + limit, isSorted(type))
  if (ids.length <= limit) return { ids }
  return { ids: ids.slice(0, limit), next: [start + limit, ids[limit - 1] ?? ''] }
}

/** The last first; by rank from the oldest on, which does not change when those that were shown go. */
async function endedPage({ queue, type }: Stretch, from: Place, limit: number): Promise<Page> {
  const end = from ?? (await queue.getJobCountByTypes(type))
  if (end <= 0) return { ids: [] }
  const start = Math.max(0, end - limit)
  const ids = (await queue.getRanges([type], start, end - 1, true)).reverse()
  return start === 0 ? { ids } : { ids, next: [start, ''] }
}

async function show(ids: readonly string[], { name, queue }: Stretch, status: JobStatus): Promise<Job[]> {
  const jobs = await Promise.all(
    ids.map(async (id) => {
      // The next job of a schedule is there before its time: Bull's way to keep the time.
      if (status === 'delayed' && (tickOf(id) ?? 0) > Date.now()) return undefined
      const job: BullJob | undefined = await queue.getJob(id)
      if (job === undefined) return undefined
      const { logs } = await queue.getJobLogs(id)
      return toJob(name, job, status, parseLogs(logs))
    }),
  )
  return jobs.filter((job) => job !== undefined)
}
