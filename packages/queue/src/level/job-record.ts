import { QueueError } from '../errors.ts'
import type { FinishedStatus, Job, JobFailure, JobLogLine, JobStatus, JsonValue } from '../job.ts'
import type { RetryPolicy } from '../retry.ts'
import { nameOfJob, parseJobId } from './job-id.ts'

/** What changes about a job, or is seldom looked at. */
export interface JobState {
  readonly createdAtMs: number
  readonly runAtMs?: number
  readonly expiresAtMs?: number
  readonly timeoutMs?: number
  readonly retry?: RetryPolicy
  readonly dedupKey?: string
  readonly schedule?: string
  readonly failures?: number
  readonly stalls?: number
  readonly startedAtMs?: number
  readonly progress?: JsonValue
  readonly logs?: readonly JobLogLine[]
  readonly steps?: Readonly<Record<string, JsonValue>>
  readonly failure?: JobFailure
  /** Of one that has ended. */
  readonly ended?: { readonly status: FinishedStatus; readonly atMs: number }
  /** Of one that is done: JSON. */
  readonly result?: string
}

/** A job as the driver keeps it. */
export interface JobRecord {
  readonly id: string
  /** JSON, which is carried on as it is. */
  readonly data: string
  readonly state: JobState
}

/** The first byte: how the rest is to be read. */
const VERSION = 1
const HEADER_BYTES = 5

/** Version, length of the state, state, data. */
export function encodeRecord({ data, state }: JobRecord): Buffer {
  const json = JSON.stringify(state)
  const stateBytes = Buffer.byteLength(json)
  const value = Buffer.allocUnsafe(HEADER_BYTES + stateBytes + Buffer.byteLength(data))
  value[0] = VERSION
  value.writeUInt32BE(stateBytes, 1)
  value.write(json, HEADER_BYTES)
  value.write(data, HEADER_BYTES + stateBytes)
  return value
}

/** @throws QueueError ERR_JOB_RECORD */
export function decodeRecord(id: string, value: Buffer): JobRecord {
  if (value[0] !== VERSION) {
    throw new QueueError(
      'ERR_JOB_RECORD',
      `job ${id} is kept in format ${value[0]}, this version reads ${VERSION}: use the version that wrote it`,
    )
  }
  const end = HEADER_BYTES + value.readUInt32BE(1)
  const state = JSON.parse(value.toString('utf8', HEADER_BYTES, end)) as JobState
  return { id, data: value.toString('utf8', end), state }
}

/** The job as the door shows it. */
export function toJob({ id, data, state }: JobRecord, status: JobStatus): Job {
  const {
    ended,
    result,
    timeoutMs: _,
    retry: __,
    failures = 0,
    stalls = 0,
    logs = [],
    steps = {},
    ...rest
  } = state
  return {
    id,
    name: nameOfJob(id),
    status,
    data: JSON.parse(data),
    priority: parseJobId(id)?.priority ?? 0,
    failures,
    stalls,
    logs,
    steps,
    ...rest,
    ...(ended === undefined ? {} : { finishedAtMs: ended.atMs }),
    ...(result === undefined ? {} : { result: JSON.parse(result) }),
  }
}
