import type { NewJob, Schedule, Timing } from '../driver.ts'
import type { BullQueue } from './bull-server.ts'
import { bullOptions, type Envelope, toEnvelope } from './envelope.ts'
import type { Names } from './names.ts'

type BullSchedule = Awaited<ReturnType<BullQueue['getJobSchedulers']>>[number]

/**
 * Schedules, as Bull keeps them: the next job of each is there, delayed; when it starts, the one after it is made, in
 * one act, so that each tick makes one job, and those that were missed make one together.
 */
export async function putSchedule(schedule: Schedule, names: Names): Promise<void> {
  const { id, timing, job, nextAtMs, maxTicks } = schedule
  await names.know(job.name)
  // Bull has no schedule that never ticks again.
  const isOver = nextAtMs === undefined
  if (isOver) await names.keepEnded(schedule)
  for (const name of await names.all()) {
    if (isOver || name !== job.name) await names.queue(name).removeJobScheduler(id)
  }
  if (isOver) return
  const queue = names.queue(job.name)
  const ticksBefore = toAdd(schedule, await queue.getJobScheduler(id))
  const envelope: Envelope = {
    ...toEnvelope(job),
    schedule: id,
    ticksBefore: ticksBefore.toCount,
    ...(maxTicks === undefined ? {} : { maxTicks }),
  }
  const limit = maxTicks === undefined ? {} : { limit: maxTicks - ticksBefore.made }
  const repeat =
    'everyMs' in timing
      ? { every: timing.everyMs, startDate: nextAtMs }
      : { pattern: timing.cron, tz: timing.timeZone }
  await queue.upsertJobScheduler(
    id,
    { ...repeat, ...limit },
    { name: job.name, data: envelope, opts: bullOptions(job.priority) },
  )
  await names.forgetEnded(id)
}

export async function removeSchedule(id: string, names: Names): Promise<boolean> {
  let isRemoved = await names.forgetEnded(id)
  for (const name of await names.all()) {
    if (await names.queue(name).removeJobScheduler(id)) isRemoved = true
  }
  return isRemoved
}

export async function listSchedules(names: Names): Promise<Schedule[]> {
  const byName = await Promise.all(
    (await names.all()).map(async (name) => {
      const schedules = await names.queue(name).getJobSchedulers(0, -1, true)
      return schedules.flatMap((schedule) => toSchedule(name, schedule))
    }),
  )
  const byId = new Map(
    [...(await names.ended()), ...byName.flat()].map((schedule) => [schedule.id, schedule]),
  )
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

/**
 * Bull counts on where it has the schedule already, with the next job as one: what has to be added to its count, and
 * the ticks without the next job. One that is due and has not started is made anew, so it is the next job again.
 */
function toAdd(
  { timing, ticks }: Schedule,
  bull: BullSchedule | undefined,
): { readonly toCount: number; readonly made: number } {
  const [there] = bull === undefined ? [] : toSchedule('', bull)
  if (bull === undefined || there === undefined) return { toCount: ticks, made: ticks }
  const isSame = JSON.stringify(there.timing) === JSON.stringify(timing)
  const isDue = there.nextAtMs !== undefined && there.nextAtMs <= Date.now()
  const made = isSame ? there.ticks - (isDue ? 1 : 0) : ticks
  return { toCount: made - ((bull.iterationCount ?? 1) - 1), made }
}

/** Jobs of schedules whose time has not come. */
export async function pendingTicks(queue: BullQueue): Promise<number> {
  const nowMs = Date.now()
  return (await queue.getJobSchedulers(0, -1, true)).filter(({ next = 0 }) => next > nowMs).length
}

function toSchedule(name: string, bull: BullSchedule): Schedule[] {
  const { key, next = 0, iterationCount: made = 0, every, pattern, tz, template } = bull
  const envelope = template?.data
  // Not one of ours.
  if (envelope === undefined) return []
  const { data, priority, timeoutMs, retry, ticksBefore = 0, maxTicks } = envelope
  const timing: Timing =
    pattern === undefined ? { everyMs: Number(every) } : { cron: pattern, timeZone: tz ?? 'UTC' }
  const isPending = next > Date.now()
  const ticks = ticksBefore + made - (isPending ? 1 : 0)
  const isOver = !isPending && maxTicks !== undefined && ticks >= maxTicks
  const job: NewJob = {
    name,
    data,
    priority,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(retry === undefined ? {} : { retry }),
  }
  return [
    {
      id: key,
      timing,
      job,
      ticks,
      ...(isOver ? {} : { nextAtMs: next }),
      ...(maxTicks === undefined ? {} : { maxTicks }),
    },
  ]
}
