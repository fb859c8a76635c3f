import type { Operation } from '@pastel-mesh/storage'
import type { Clock } from '../clock.ts'
import type { DriverHost, Schedule } from '../driver.ts'
import { nextTick } from '../timing.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Due } from './due-jobs.ts'
import type { EndedJobs } from './ended-jobs.ts'
import type { StoredCounts } from './job-counts.ts'
import type { JobIds } from './job-id.ts'
import { nameOfJob } from './job-id.ts'
import type { JobLocks } from './job-locks.ts'
import type { JobRecord } from './job-record.ts'
import type { JobStore } from './job-store.ts'
import { findJob, newRecord, putIn, putNew, takeFrom } from './job-table.ts'
import * as keys from './keys.ts'

export interface DueWorkComponents {
  readonly store: JobStore
  readonly clock: Clock
  readonly counts: StoredCounts
  readonly ended: EndedJobs
  readonly locks: JobLocks
  readonly ids: JobIds
  readonly host: DriverHost
  readonly dispatcher: () => Dispatcher
  /** A job is on disk. */
  readonly isPut: (record: JobRecord, place: 'live' | 'delayed') => void
}

/**
 * Sees to jobs that have come due: those that may run now wait, those that have expired end.
 * @returns how many it could not see to, because something else is changing them
 */
export async function seeToDue(due: readonly Due[], components: DueWorkComponents): Promise<number> {
  let left = 0
  await Promise.all(
    due.map(async ({ key, id, what }) => {
      // One that runs is on its way back to where it waits: a write that failed, and was on disk after all.
      const isRunning = what === 'r' && components.dispatcher().running.has(id)
      if (components.locks.isHeld(id) || isRunning) left += 1
      else await components.locks.hold(id, () => (what === 'r' ? mayRun : hasExpired)(key, id, components))
    }),
  )
  return left
}

async function mayRun(key: Buffer, id: string, components: DueWorkComponents): Promise<void> {
  const { store, counts, dispatcher } = components
  const found = await findJob(store.database, id)
  if (found?.place !== 'delayed') {
    await store.writer.commit((operations) => operations.push({ type: 'del', key }), { sync: false })
    return
  }
  const { record } = found
  await store.writer.commit(
    (operations) => {
      takeFrom('delayed', record, operations)
      putIn('live', record, operations)
    },
    { sync: false },
  )
  const name = nameOfJob(id)
  counts.move(name, 'delayed', 'live')
  dispatcher().add(record, name)
}

async function hasExpired(key: Buffer, id: string, components: DueWorkComponents): Promise<void> {
  const { store, ended, dispatcher } = components
  dispatcher().remove(id, nameOfJob(id))
  const found = await findJob(store.database, id)
  const runs = dispatcher().running.has(id)
  if (found === undefined || runs || (found.place !== 'live' && found.place !== 'delayed')) {
    await store.writer.commit((operations) => operations.push({ type: 'del', key }), { sync: false })
    return
  }
  await endJob(found.record, found.place, 'expired', { ...components, ended })
}

/** Ends a job that does not run. */
export async function endJob(
  record: JobRecord,
  place: 'live' | 'delayed',
  status: 'cancelled' | 'expired',
  { store, ended, dispatcher, host }: Pick<DueWorkComponents, 'store' | 'ended' | 'dispatcher' | 'host'>,
): Promise<void> {
  const { id } = record
  const name = nameOfJob(id)
  const changed = ended.ended(record, status)
  await store.writer.commit((operations) => {
    takeFrom(place, record, operations)
    ended.put(changed, operations)
  })
  // Whoever read it from the disk meanwhile is to forget it.
  dispatcher().remove(id, name)
  ended.isPut(changed, place)
  host.onEvent({ type: status, id, name })
}

/**
 * Makes the job of a tick and moves its schedule on, in one commit. Ticks that were missed, because nothing ran, make
 * one job together.
 * @returns the schedule as it is now
 */
export async function tick(
  schedule: Schedule,
  nowMs: number,
  components: DueWorkComponents,
): Promise<Schedule> {
  const { store, ids } = components
  const ticks = schedule.ticks + 1
  const isLast = schedule.maxTicks !== undefined && ticks >= schedule.maxTicks
  const nextAtMs = isLast ? undefined : nextTick(schedule.timing, nowMs)
  const { nextAtMs: _, ...rest } = schedule
  const moved: Schedule = { ...rest, ticks, ...(nextAtMs === undefined ? {} : { nextAtMs }) }
  const { job } = schedule
  const record = newRecord(ids.next(job.name, job.priority, nowMs), { ...job, schedule: schedule.id }, nowMs)
  await store.writer.commit((operations) => {
    putNew(record, 'live', operations)
    operations.push(putSchedule(moved))
  })
  components.isPut(record, 'live')
  return moved
}

/** A schedule that is set again, with the ticks that came since its setter looked. */
export function withTicksOf(there: Schedule | undefined, schedule: Schedule): Schedule {
  if (there === undefined || there.ticks <= schedule.ticks) return schedule
  if (JSON.stringify(there.timing) !== JSON.stringify(schedule.timing)) return schedule
  const { nextAtMs: _, ...rest } = schedule
  const { ticks, nextAtMs } = there
  const isOver = nextAtMs === undefined || (schedule.maxTicks !== undefined && ticks >= schedule.maxTicks)
  return { ...rest, ticks, ...(isOver ? {} : { nextAtMs }) }
}

export function putSchedule(schedule: Schedule): Operation {
  return { type: 'put', key: keys.scheduleKey(schedule.id), value: Buffer.from(JSON.stringify(schedule)) }
}
