import type { Dispatcher } from './dispatcher.ts'
import { type DueWorkComponents, endJob } from './due-work.ts'
import { nameOfJob } from './job-id.ts'
import { encodeRecord, type JobRecord } from './job-record.ts'
import type { JobStore } from './job-store.ts'
import { type Found, findJob, forgetDedupKey, forgetExpiry, takeFrom } from './job-table.ts'
import * as keys from './keys.ts'
import type { RunningJobs } from './running-jobs.ts'

interface ChangeComponents extends DueWorkComponents {
  readonly running: RunningJobs
  readonly work: Dispatcher
}

/** A job, wherever it is; one that runs as it is now. */
export async function findNow(
  id: string,
  { store, running }: { readonly store: JobStore; readonly running: RunningJobs },
): Promise<Found | undefined> {
  const record = running.recordOf(id)
  return record === undefined ? findJob(store.database, id) : { record, place: 'live' }
}

/** @returns false if it has ended */
export function cancelJob(id: string, components: ChangeComponents): Promise<boolean> {
  const { locks, work, running } = components
  return locks.hold(id, async () => {
    // Chosen to run already, and not yet known to run: it is let begin.
    if (work.running.has(id)) await work.leased()
    if (work.running.has(id)) return running.cancel(id)
    work.remove(id, nameOfJob(id))
    const found = await findNow(id, components)
    if (found === undefined || (found.place !== 'live' && found.place !== 'delayed')) return false
    await endJob(found.record, found.place, 'cancelled', components)
    return true
  })
}

/** @returns false if it has not ended, or is done */
export async function retryJob(id: string, components: ChangeComponents): Promise<boolean> {
  const { locks, ended, counts, work, store } = components
  store.disk.assertRoom()
  return locks.hold(id, async () => {
    const found = await findNow(id, components)
    if (
      found === undefined ||
      found.place === 'live' ||
      found.place === 'delayed' ||
      found.place === 'done'
    ) {
      return false
    }
    const { createdAtMs, timeoutMs, retry, dedupKey, schedule, logs, steps } = found.record.state
    // What is undefined is left out of JSON.
    const state = { createdAtMs, timeoutMs, retry, dedupKey, schedule, logs, steps } as JobRecord['state']
    const record = { ...found.record, state }
    await store.writer.commit((operations) => {
      ended.take(found.record, operations)
      operations.push({ type: 'put', key: keys.liveKey(id), value: encodeRecord(record) })
    })
    const name = nameOfJob(id)
    ended.isTaken(name, id, found.place)
    counts.add(name, 'live', 1)
    work.add(record, name)
    return true
  })
}

/** @returns false if it runs */
export function removeJob(id: string, components: ChangeComponents): Promise<boolean> {
  const { locks, work, ended, counts, host, store } = components
  return locks.hold(id, async () => {
    if (work.running.has(id)) return false
    const name = nameOfJob(id)
    work.remove(id, name)
    const found = await findNow(id, components)
    if (found === undefined) return true
    const { record, place } = found
    await store.writer.commit((operations) => {
      if (place === 'live' || place === 'delayed') takeFrom(place, record, operations)
      else ended.take(record, operations)
      forgetExpiry(record, operations)
      forgetDedupKey(record, operations)
    })
    work.remove(id, name)
    if (place === 'live' || place === 'delayed') counts.add(name, place, -1)
    else ended.isTaken(name, id, place)
    host.onEvent({ type: 'removed', id, name })
    return true
  })
}
