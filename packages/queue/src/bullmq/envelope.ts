import { createHash, randomBytes } from 'node:crypto'
import { isName } from '../add-options.ts'
import type { NewJob } from '../driver.ts'
import type { FinishedStatus, Job, JobFailure, JobLogLine, JobStatus, JsonValue } from '../job.ts'
import type { RetryPolicy } from '../retry.ts'
import type { BullJob } from './bull-server.ts'

/** What Bull keeps as a job's data. */
export interface Envelope {
  /** JSON, which is carried on as it is. */
  readonly data: string
  /** Tells who added it: of two that add a job of one dedup key, only one finds its own nonce there. */
  readonly nonce: string
  readonly priority: number
  /** Of one that came here from elsewhere; else Bull knows it. */
  readonly createdAtMs?: number
  readonly runAtMs?: number
  readonly expiresAtMs?: number
  readonly timeoutMs?: number
  readonly retry?: RetryPolicy
  readonly dedupKey?: string
  readonly schedule?: string
  readonly failures?: number
  readonly failure?: JobFailure
  readonly steps?: Readonly<Record<string, JsonValue>>
  /** Stalls before it was retried by hand: Bull counts on. */
  readonly forgivenStalls?: number
  /** What its schedule's ticks are more than Bull counts, of a schedule's template. */
  readonly ticksBefore?: number
  /** Of its schedule, of a schedule's template. */
  readonly maxTicks?: number
  /** Of one that was cancelled or expired: what Bull would know of it. */
  readonly ended?: EndedState
}

export interface EndedState {
  readonly status: 'cancelled' | 'expired'
  readonly atMs: number
  readonly stalls: number
  readonly startedAtMs?: number
  readonly progress?: JsonValue
  readonly logs: readonly JobLogLine[]
}

/** Ours go from -100 to 100, the higher first; Bull's from 1 on, the lower first. */
const LOWEST_PRIORITY = 101
/** As many as the level driver keeps. */
const MAX_LOG_LINES = 100
const TICK_ID = /^repeat:(.*):(\d+)$/

/** The options by which Bull keeps a job. It tries none again by itself: see job-runner.ts. */
export function bullOptions(priority: number) {
  return { priority: LOWEST_PRIORITY - priority, keepLogs: MAX_LOG_LINES, attempts: 1, stackTraceLimit: 1 }
}

export function toEnvelope(job: NewJob): Envelope {
  const { name: _, ...rest } = job
  return { ...rest, nonce: randomBytes(12).toString('base64url') }
}

/** As if it were new: what it has done stays done. */
export function renewed(envelope: Envelope, createdAtMs: number, forgivenStalls: number): Envelope {
  const { failures: _, failure: __, ended: ___, runAtMs: ____, expiresAtMs: _____, ...rest } = envelope
  return { ...rest, createdAtMs, forgivenStalls }
}

/** Our id: the name and Bull's id. */
export function toId(name: string, bullId: string): string {
  return `${name}:${bullId}`
}

/** @returns undefined for what no job has: queues beside those of names are none of theirs */
export function parseId(id: string): { readonly name: string; readonly bullId: string } | undefined {
  const end = id.indexOf(':')
  const [name, bullId] = [id.slice(0, end), id.slice(end + 1)]
  return end === -1 || bullId === '' || !isName(name) ? undefined : { name, bullId }
}

/** Chosen here, so that a job sent again after a lost connection is the same one. No integer: those are Bull's. */
export function newBullId(dedupKey: string | undefined): string {
  if (dedupKey === undefined) return `j-${randomBytes(15).toString('base64url')}`
  return `k-${createHash('sha256').update(dedupKey).digest('base64url').slice(0, 32)}`
}

/** The tick that a job of a schedule is for; undefined for other jobs. */
export function tickOf(bullId: string): number | undefined {
  const match = TICK_ID.exec(bullId)
  return match === null ? undefined : Number(match[2])
}

export function stallsOf(job: BullJob): number {
  return Math.max(0, job.stalledCounter - (job.data.forgivenStalls ?? 0))
}

export function progressOf(job: BullJob): JsonValue | undefined {
  const { progress } = job
  return typeof progress === 'object' && 'value' in progress ? (progress.value as JsonValue) : undefined
}

export function parseLogs(lines: readonly string[]): JobLogLine[] {
  return lines.map((line) => JSON.parse(line) as JobLogLine)
}

/** The job as the door shows it. */
export function toJob(name: string, bull: BullJob, status: JobStatus, logs: readonly JobLogLine[]): Job {
  const bullId = bull.id ?? ''
  const {
    data,
    nonce: _,
    timeoutMs: __,
    retry: ___,
    forgivenStalls: ____,
    ticksBefore: _____,
    maxTicks: ______,
    ...rest
  } = bull.data
  const { ended, failures = 0, steps = {}, failure, createdAtMs = bull.timestamp, ...given } = rest
  const startedAtMs = ended === undefined ? bull.processedOn : ended.startedAtMs
  const finishedAtMs = ended === undefined ? bull.finishedOn : ended.atMs
  const progress = ended === undefined ? progressOf(bull) : ended.progress
  const runAtMs = tickOf(bullId) ?? given.runAtMs
  const why = failure ?? (status === 'failed' ? { message: bull.failedReason } : undefined)
  return {
    ...given,
    id: toId(name, bullId),
    name,
    status,
    data: JSON.parse(data),
    createdAtMs,
    failures,
    stalls: ended === undefined ? stallsOf(bull) : ended.stalls,
    steps,
    logs: ended === undefined ? logs : ended.logs,
    ...(runAtMs === undefined ? {} : { runAtMs }),
    ...(startedAtMs === undefined ? {} : { startedAtMs }),
    ...(finishedAtMs === undefined || !isFinished(status) ? {} : { finishedAtMs }),
    ...(progress === undefined ? {} : { progress }),
    ...(why === undefined ? {} : { failure: why }),
    ...(status === 'done' && bull.returnvalue !== null ? { result: JSON.parse(bull.returnvalue) } : {}),
  }
}

function isFinished(status: JobStatus): status is FinishedStatus {
  return status !== 'waiting' && status !== 'delayed' && status !== 'running'
}
