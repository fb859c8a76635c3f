import type { Operation } from '@pastel-mesh/storage'
import type { DriverHost } from '../driver.ts'
import { STALLED } from '../errors.ts'
import type { EndedJobs } from './ended-jobs.ts'
import { nameOfJob } from './job-id.ts'
import { decodeRecord, encodeRecord } from './job-record.ts'
import type { JobStore } from './job-store.ts'
import { putExpiry, takeFrom } from './job-table.ts'
import * as keys from './keys.ts'
import type { LeaseRounds } from './lease-rounds.ts'

export interface RecoverComponents {
  readonly store: JobStore
  readonly rounds: LeaseRounds
  readonly ended: EndedJobs
  readonly host: DriverHost
}

/**
 * Jobs that were running when the process before died wait again, with one stall more; those that had too many are
 * dead letters: what they do may be what kills the process.
 */
export async function recover(maxStalls: number, components: RecoverComponents): Promise<void> {
  const { store, rounds, ended, host } = components
  const { ids, keys: leases } = await rounds.orphans(store.database)
  if (leases.length === 0) return
  const operations: Operation[] = leases.map((key) => ({ type: 'del', key }))
  const events: (() => void)[] = []
  const orphans = [...ids]
  const values = await store.database.getMany(orphans.map((id) => keys.liveKey(id)))
  for (const [index, id] of orphans.entries()) {
    const value = values[index]
    // Its end is on disk, that of its round is not.
    if (value === undefined) continue
    const name = nameOfJob(id)
    const record = decodeRecord(id, value)
    const stalls = (record.state.stalls ?? 0) + 1
    if (stalls < maxStalls) {
      const changed = { ...record, state: { ...record.state, stalls } }
      operations.push({ type: 'put', key: keys.liveKey(id), value: encodeRecord(changed) })
      // Its time may have come while it ran.
      putExpiry(record, operations)
      events.push(() => host.onEvent({ type: 'stalled', id, name }))
      continue
    }
    const state = { ...record.state, stalls, failure: STALLED }
    const dead = ended.ended({ ...record, state }, 'failed')
    takeFrom('live', record, operations)
    ended.put(dead, operations)
    events.push(() => {
      ended.isPut(dead, 'live')
      host.onEvent({ type: 'failed', id, name, failure: STALLED })
    })
  }
  await store.writer.commit((all) => all.push(...operations))
  for (const tell of events) tell()
}
