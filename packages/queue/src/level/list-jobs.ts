import { badOption } from '../add-options.ts'
import type { JobPage, JobQuery } from '../driver.ts'
import type { QueueError } from '../errors.ts'
import type { Job } from '../job.ts'
import type { RunningJob } from './dispatcher.ts'
import { nameOfJob, parseJobId } from './job-id.ts'
import { decodeRecord, toJob } from './job-record.ts'
import type { JobStore } from './job-store.ts'
import * as keys from './keys.ts'

/** Entries that are looked at for one page, at most: a page may be short, and not the last. */
const MAX_LOOKED_AT = 10_000

interface ListComponents {
  readonly store: JobStore
  readonly running: ReadonlyMap<string, RunningJob | undefined>
}

/** A page of the jobs in one state. @throws QueueError ERR_JOB_OPTIONS: `after` is of another */
export async function listJobs(query: JobQuery, components: ListComponents): Promise<JobPage> {
  switch (query.status) {
    case 'running':
      return listRunning(query, components)
    case 'waiting':
      return listWaiting(query, components)
    default:
      return listIndexed(query, components)
  }
}

function listRunning({ name, after = '', limit }: JobQuery, { running }: ListComponents): JobPage {
  if (after !== '' && parseJobId(after) === undefined) throw badPlace(after)
  const jobs: Job[] = []
  for (const [id, job] of [...running].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (id <= after || job === undefined || (name !== undefined && nameOfJob(id) !== name)) continue
    if (jobs.length === limit) return { jobs, next: jobs.at(-1)?.id ?? id }
    jobs.push(toJob(job.record, 'running'))
  }
  return { jobs }
}

async function listWaiting(
  { name, after, limit }: JobQuery,
  { store, running }: ListComponents,
): Promise<JobPage> {
  const range = keys.liveJobs(name)
  if (after !== undefined && (parseJobId(after) === undefined || !isIn(range, keys.liveKey(after)))) {
    throw badPlace(after)
  }
  const gte = after === undefined ? range.gte : keys.liveKey(`${after}\0`)
  const jobs: Job[] = []
  for await (const [key, value] of store.database.iterate({ ...range, gte, readAhead: limit + 1 })) {
    const { text: id } = keys.parseKey(key)
    if (running.has(id)) continue
    if (jobs.length === limit) return { jobs, next: jobs.at(-1)?.id ?? id }
    jobs.push(toJob(decodeRecord(id, value), 'waiting'))
  }
  return { jobs }
}

/** Those that are delayed, by their time; those that have ended, the last first. */
async function listIndexed(
  { status, name, after, limit }: JobQuery,
  { store }: ListComponents,
): Promise<JobPage> {
  const isDelayed = status === 'delayed'
  const range = isDelayed ? keys.dueFrom(0) : keys.ends(status.slice(0, 1))
  const from = after === undefined ? {} : fromPlace(after, isDelayed, range)
  const found: { place: string; id: string }[] = []
  let next: string | undefined
  let lookedAt = 0
  for await (const [key] of store.database.iterate({
    ...range,
    ...from,
    reverse: !isDelayed,
    readAhead: limit + 1,
    keysOnly: true,
  })) {
    lookedAt += 1
    if (found.length === limit || lookedAt > MAX_LOOKED_AT) break
    const { id } = isDelayed ? keys.parseDueKey(key) : keys.parseEndKey(key)
    const place = key.toString('base64url')
    next = place
    const isWanted = !isDelayed || keys.parseDueKey(key).what === 'r'
    if (isWanted && (name === undefined || nameOfJob(id) === name)) found.push({ place, id })
  }
  const isLast = found.length < limit && lookedAt <= MAX_LOOKED_AT
  const keyOf = isDelayed ? keys.delayedKey : keys.endedKey
  const values = await store.database.getMany(found.map(({ id }) => keyOf(id)))
  const jobs = found.flatMap(({ id }, index) => {
    const value = values[index]
    return value === undefined ? [] : [toJob(decodeRecord(id, value), status)]
  })
  return isLast || next === undefined ? { jobs } : { jobs, next }
}

function fromPlace(
  place: string,
  isDelayed: boolean,
  range: keys.KeyRange,
): { gte: Buffer } | { lt: Buffer } {
  const key = Buffer.from(place, 'base64url')
  if (!isIn(range, key)) throw badPlace(place)
  return isDelayed ? { gte: Buffer.concat([key, Buffer.alloc(1)]) } : { lt: key }
}

function isIn({ gte, lt }: keys.KeyRange, key: Buffer): boolean {
  return key.compare(gte) >= 0 && key.compare(lt) < 0
}

function badPlace(place: string): QueueError {
  return badOption(
    `after is "${place.slice(0, 120)}", which is no place in this list: give \`next\` of a page of the same status and name`,
  )
}
