import { type Operation, StorageError } from '@pastel-mesh/storage'
import type { Clock } from '../clock.ts'
import type { DriverHost, LeasedJob, Outcome } from '../driver.ts'
import { QueueError } from '../errors.ts'
import type { FinishedStatus, JobLogLine, JsonValue } from '../job.ts'
import type { Dispatcher, RunningJob } from './dispatcher.ts'
import type { DueJobs } from './due-jobs.ts'
import type { EndedJobs } from './ended-jobs.ts'
import type { StoredCounts } from './job-counts.ts'
import { nameOfJob } from './job-id.ts'
import { encodeRecord, type JobRecord, type JobState } from './job-record.ts'
import type { JobStore } from './job-store.ts'
import { putIn, takeFrom } from './job-table.ts'
import * as keys from './keys.ts'
import type { LeaseRounds } from './lease-rounds.ts'

export interface RunningJobsComponents {
  readonly store: JobStore
  readonly clock: Clock
  readonly rounds: LeaseRounds
  readonly host: DriverHost
  readonly counts: StoredCounts
  readonly ended: EndedJobs
  readonly due: DueJobs
  readonly dispatcher: () => Dispatcher
}

/** Lines kept with a job. */
const MAX_LOG_LINES = 100
/** A pause before a write is tried again. */
const PAUSE_MS = 100
/** Progress and lines of a running job are written this often at most: each time the whole job is. */
const KEEP_MS = 1_000

/** The jobs that run in this process: from their lease to their end. */
export class RunningJobs {
  readonly #parts: RunningJobsComponents
  readonly #runs = new Set<Promise<void>>()
  /** Those whose progress or lines are to be written. */
  readonly #keeping = new Map<RunningJob, () => void>()
  #isClosed = false

  constructor(components: RunningJobsComponents) {
    this.#parts = components
  }

  recordOf(id: string): JobRecord | undefined {
    return this.#parts.dispatcher().running.get(id)?.record
  }

  /** Waits for the ends of attempts to be on disk. */
  async settled(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#runs)
  }

  run(job: RunningJob): void {
    const run = this.#run(job)
    this.#runs.add(run)
    run.then(() => this.#runs.delete(run))
  }

  /** @returns false if it is ending already */
  async cancel(id: string): Promise<boolean> {
    const job = this.#parts.dispatcher().running.get(id)
    if (job === undefined || job.isEnding) return false
    await this.#finish(job, 'cancelled', {})
    this.#parts.host.abort(id)
    return true
  }

  async #run(job: RunningJob): Promise<void> {
    const { host, clock } = this.#parts
    try {
      const name = nameOfJob(job.record.id)
      change(job, { startedAtMs: clock.now() })
      host.onEvent({ type: 'started', id: job.record.id, name })
      const outcome = await host.run(this.#leased(job, name))
      if (!job.isEnding) await this.#end(job, outcome)
    } catch (error) {
      host.onError(error)
    }
  }

  #end(job: RunningJob, outcome: Outcome): Promise<void> {
    switch (outcome.kind) {
      case 'done':
        return this.#finish(job, 'done', outcome.result === undefined ? {} : { result: outcome.result })
      case 'failed':
        return this.#finish(job, 'failed', { failure: outcome.failure, failures: failuresOf(job) + 1 })
      case 'expired':
        return this.#finish(job, 'expired', {})
      case 'released':
        return this.#isOverdue(job)
          ? this.#finish(job, 'expired', {})
          : this.#putBack(job, 'released', job.record)
      case 'retry': {
        const { failure, delayMs } = outcome
        if (this.#isOverdue(job)) {
          return this.#finish(job, 'expired', { failure, failures: failuresOf(job) + 1 })
        }
        const { runAtMs: _, ...state } = job.record.state
        const runAtMs = delayMs > 0 ? { runAtMs: this.#parts.clock.now() + delayMs } : {}
        const record = {
          ...job.record,
          state: { ...state, ...runAtMs, failure, failures: failuresOf(job) + 1 },
        }
        return this.#putBack(job, 'retrying', record)
      }
    }
  }

  /** Whether it would not start any more: it does not wait for its turn to be told so. */
  #isOverdue({ record }: RunningJob): boolean {
    const { expiresAtMs } = record.state
    return expiresAtMs !== undefined && expiresAtMs <= this.#parts.clock.now()
  }

  async #finish(job: RunningJob, status: FinishedStatus, changes: Partial<JobState>): Promise<void> {
    const { ended, host, rounds, dispatcher } = this.#parts
    job.isEnding = true
    const record = ended.ended(job.record, status, changes)
    const isCounted = await this.#write(job, (operations) => {
      takeFrom('live', record, operations)
      ended.put(record, operations)
      rounds.end(job.round, record.id, operations, status !== 'done')
    })
    const { id } = record
    const name = nameOfJob(id)
    dispatcher().ended(id, name)
    if (!isCounted) ended.isPut(record, 'live')
    const { failure } = record.state
    host.onEvent({
      type: status,
      id,
      name,
      ...(status === 'failed' && failure !== undefined ? { failure } : {}),
    })
  }

  async #putBack(job: RunningJob, type: 'released' | 'retrying', record: JobRecord): Promise<void> {
    const { host, rounds, dispatcher, counts, due } = this.#parts
    job.isEnding = true
    const { id, state } = record
    const isDelayed = type === 'retrying' && state.runAtMs !== undefined
    const isCounted = await this.#write(job, (operations) => {
      if (isDelayed) takeFrom('live', record, operations)
      putIn(isDelayed ? 'delayed' : 'live', record, operations)
      rounds.end(job.round, record.id, operations, true)
    })
    const name = nameOfJob(id)
    dispatcher().ended(id, name)
    if (isDelayed) {
      if (!isCounted) counts.move(name, 'live', 'delayed')
      due.add(state.runAtMs ?? 0)
    } else dispatcher().add(record, name)
    host.onEvent({ type, id, name, ...(state.failure === undefined ? {} : { failure: state.failure }) })
  }

  /**
   * Writes how an attempt ended, or what a step made, until that is on disk: what a full disk holds up is not done
   * again. Only when the store is closed it is left, and the job runs again at the next start; so it is, at the stop, if
   * it cannot be put together.
   * @returns whether a write that failed was on disk after all, and is in the counts that were taken since
   */
  async #write(job: RunningJob, prepare: (operations: Operation[]) => void, sync = false): Promise<boolean> {
    this.#keeping.get(job)?.()
    this.#keeping.delete(job)
    const { writer, database } = this.#parts.store
    let isCounted = false
    let isTold = false
    for (;;) {
      try {
        await writer.commit(prepare, { sync })
        return isCounted
      } catch (error) {
        if (!(error instanceof StorageError)) {
          // It is not the disk that is in the way.
          if (this.#isClosed) throw error
          if (!isTold) this.#parts.host.onError(error)
          isTold = true
          await this.#pause()
          continue
        }
        if (!(await this.#reopened())) throw error
        const live = await database.get(keys.liveKey(job.record.id)).catch(() => NOT_READ)
        if (live !== NOT_READ) isCounted = live === undefined
      }
    }
  }

  /** @returns false if the store is closed */
  async #reopened(): Promise<boolean> {
    const { store } = this.#parts
    while (store.writer.isReopening) {
      await this.#pause()
      if (this.#isClosed && store.writer.isReopening) return false
    }
    return store.writer.isOpen
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#parts.clock.wake(PAUSE_MS, resolve))
  }

  #leased(job: RunningJob, name: string): LeasedJob {
    const { id, data, state } = job.record
    const { timeoutMs, expiresAtMs, retry, failures = 0, stalls = 0, steps = {} } = state
    return {
      id,
      name,
      data,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      ...(retry === undefined ? {} : { retry }),
      failures,
      stalls,
      steps,
      keepStep: (step, value) => this.#keepStep(job, step, value),
      log: (line) => this.#log(job, line),
      progress: (value) => this.#progress(job, name, value),
    }
  }

  async #keepStep(job: RunningJob, name: string, value: JsonValue): Promise<void> {
    change(job, { steps: { ...job.record.state.steps, [name]: value } })
    let isKept = false
    await this.#write(
      job,
      (operations) => {
        isKept = !job.isEnding
        if (isKept) operations.push(putLive(job.record))
      },
      true,
    )
    if (isKept) return
    throw new QueueError(
      'ERR_JOB_STEP',
      `step ${name} is not kept: this attempt at job ${job.record.id} is over`,
    )
  }

  #log(job: RunningJob, line: JobLogLine): void {
    change(job, { logs: [...(job.record.state.logs ?? []), line].slice(-MAX_LOG_LINES) })
    this.#keepSoon(job)
  }

  #progress(job: RunningJob, name: string, progress: JsonValue): void {
    change(job, { progress })
    this.#keepSoon(job)
    this.#parts.host.onEvent({ type: 'progress', id: job.record.id, name, progress })
  }

  #keepSoon(job: RunningJob): void {
    if (job.isEnding || this.#keeping.has(job)) return
    const { clock, store } = this.#parts
    const cancel = clock.wake(KEEP_MS, () => {
      this.#keeping.delete(job)
      // What is not written now is written with the next step, or the end.
      store.writer
        .commit(
          (operations) => {
            if (!job.isEnding) operations.push(putLive(job.record))
          },
          { sync: false },
        )
        .catch(() => {})
    })
    this.#keeping.set(job, cancel)
  }
}

const NOT_READ = Buffer.alloc(0)

function change(job: RunningJob, changes: Partial<JobState>): void {
  job.record = { ...job.record, state: { ...job.record.state, ...changes } }
}

function failuresOf(job: RunningJob): number {
  return job.record.state.failures ?? 0
}

function putLive(record: JobRecord): { type: 'put'; key: Buffer; value: Buffer } {
  return { type: 'put', key: keys.liveKey(record.id), value: encodeRecord(record) }
}
