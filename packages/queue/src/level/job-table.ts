import type { Database, Operation } from '@pastel-mesh/storage'
import type { NewJob } from '../driver.ts'
import type { FinishedStatus } from '../job.ts'
import { nameOfJob, parseJobId } from './job-id.ts'
import { decodeRecord, encodeRecord, type JobRecord } from './job-record.ts'
import * as keys from './keys.ts'

/** Where a job is on disk: `live` when it waits or runs. */
export type Place = 'live' | 'delayed' | FinishedStatus

export interface Found {
  readonly record: JobRecord
  readonly place: Place
}

export function newRecord(id: string, job: NewJob, nowMs: number): JobRecord {
  const { name: _, data, priority: __, ...options } = job
  return { id, data, state: { createdAtMs: nowMs, ...options } }
}

/** Where a job goes that has not ended. */
export function placeAt(record: JobRecord, nowMs: number): 'live' | 'delayed' {
  return (record.state.runAtMs ?? 0) > nowMs ? 'delayed' : 'live'
}

/** Puts a new job where it belongs, with all that points to it. */
export function putNew(record: JobRecord, place: 'live' | 'delayed', operations: Operation[]): void {
  const { id, state } = record
  putIn(place, record, operations)
  putExpiry(record, operations)
  if (state.dedupKey !== undefined) {
    operations.push({
      type: 'put',
      key: keys.dedupKey(nameOfJob(id), state.dedupKey),
      value: Buffer.from(id),
    })
  }
}

export function putIn(place: 'live' | 'delayed', record: JobRecord, operations: Operation[]): void {
  const value = encodeRecord(record)
  if (place === 'live') {
    operations.push({ type: 'put', key: keys.liveKey(record.id), value })
    return
  }
  operations.push(
    { type: 'put', key: keys.delayedKey(record.id), value },
    { type: 'put', key: keys.dueKey(record.state.runAtMs ?? 0, 'r', record.id), value: NOTHING },
  )
}

/** Takes a job away from where it waits or runs; its dedup key stays. */
export function takeFrom(place: 'live' | 'delayed', record: JobRecord, operations: Operation[]): void {
  const { id, state } = record
  if (place === 'live') operations.push({ type: 'del', key: keys.liveKey(id) })
  else {
    operations.push(
      { type: 'del', key: keys.delayedKey(id) },
      { type: 'del', key: keys.dueKey(state.runAtMs ?? 0, 'r', id) },
    )
  }
}

/** It expires at its time, if it waits then. */
export function putExpiry({ id, state }: JobRecord, operations: Operation[]): void {
  if (state.expiresAtMs === undefined) return
  operations.push({ type: 'put', key: keys.dueKey(state.expiresAtMs, 'x', id), value: NOTHING })
}

/** It can expire no more. */
export function forgetExpiry({ id, state }: JobRecord, operations: Operation[]): void {
  if (state.expiresAtMs !== undefined) {
    operations.push({ type: 'del', key: keys.dueKey(state.expiresAtMs, 'x', id) })
  }
}

export function forgetDedupKey({ id, state }: JobRecord, operations: Operation[]): void {
  if (state.dedupKey !== undefined) {
    operations.push({ type: 'del', key: keys.dedupKey(nameOfJob(id), state.dedupKey) })
  }
}

/** A job, wherever it is on disk. */
export async function findJob(database: Database, id: string): Promise<Found | undefined> {
  if (parseJobId(id) === undefined) return undefined
  const [live, delayed, ended] = await database.getMany([
    keys.liveKey(id),
    keys.delayedKey(id),
    keys.endedKey(id),
  ])
  if (live !== undefined) return { record: decodeRecord(id, live), place: 'live' }
  if (delayed !== undefined) return { record: decodeRecord(id, delayed), place: 'delayed' }
  if (ended === undefined) return undefined
  const record = decodeRecord(id, ended)
  return record.state.ended === undefined ? undefined : { record, place: record.state.ended.status }
}

const NOTHING = Buffer.alloc(0)
