import type { Operation } from '@pastel-mesh/storage'
import type { Clock } from '../clock.ts'
import { FINISHED, type FinishedStatus } from '../job.ts'
import { type EndedEntry, EndedWindow } from './ended-window.ts'
import type { StoredCounts } from './job-counts.ts'
import { nameOfJob } from './job-id.ts'
import type { JobLocks } from './job-locks.ts'
import { encodeRecord, type JobRecord, type JobState } from './job-record.ts'
import type { JobStore } from './job-store.ts'
import { forgetDedupKey, forgetExpiry } from './job-table.ts'
import * as keys from './keys.ts'

/** How long jobs are kept after they ended: whichever comes first. */
export interface Retention {
  readonly ageMs: number
  /** 0: none are kept. */
  readonly count: number
}

export type RetentionRules = Readonly<Record<FinishedStatus, Retention>>

const DAY_MS = 24 * 60 * 60 * 1_000

/** A day to look at what went well; a month to redrive what did not. */
export const DEFAULT_RETENTION: RetentionRules = {
  done: { ageMs: DAY_MS, count: 1_000 },
  failed: { ageMs: 30 * DAY_MS, count: 100_000 },
  cancelled: { ageMs: 7 * DAY_MS, count: 10_000 },
  expired: { ageMs: 7 * DAY_MS, count: 10_000 },
}

/** Jobs that end until it is looked for those that go, so that each that ends does not pay for one. */
const TRIM_EVERY = 200
/** Removed in one write: what has ended until then, with all that ended beside the last of them. */
const TRIM_JOBS = 500
/** How often age is looked at when nothing ends. */
const LOOK_MS = 60_000

export interface EndedJobsComponents {
  readonly store: JobStore
  readonly clock: Clock
  readonly counts: StoredCounts
  readonly locks: JobLocks
  readonly onError: (error: unknown) => void
}

/** The jobs that have ended, until retention has passed them: by status, in the order in which they ended. */
export class EndedJobs {
  readonly #rules: RetentionRules
  readonly #parts: EndedJobsComponents
  /** Jobs that ended since the last trim. */
  readonly #added: Record<FinishedStatus, number> = { done: 0, failed: 0, cancelled: 0, expired: 0 }
  readonly #windows: Readonly<Record<FinishedStatus, EndedWindow>> = {
    done: new EndedWindow(keys.ends('d')),
    failed: new EndedWindow(keys.ends('f')),
    cancelled: new EndedWindow(keys.ends('c')),
    expired: new EndedWindow(keys.ends('e')),
  }
  #trimming: Promise<void> | undefined
  #isStopped = true
  #cancelWake: () => void = () => {}

  constructor(rules: Partial<RetentionRules>, components: EndedJobsComponents) {
    this.#rules = { ...DEFAULT_RETENTION, ...rules }
    this.#parts = components
  }

  start(): void {
    this.#isStopped = false
    this.#trim()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelWake()
    await this.#trimming
  }

  /** A job as it is when it has ended now. */
  ended({ id, data, state }: JobRecord, status: FinishedStatus, changes?: Partial<JobState>): JobRecord {
    return { id, data, state: { ...state, ...changes, ended: { status, atMs: this.#parts.clock.now() } } }
  }

  /** Puts a job that has {@link ended}. */
  put(record: JobRecord, operations: Operation[]): void {
    const { id, state } = record
    forgetExpiry(record, operations)
    const { ended } = state
    if (ended === undefined) return
    if (this.#rules[ended.status].count === 0) {
      forgetDedupKey(record, operations)
      return
    }
    operations.push(
      { type: 'put', key: keys.endedKey(id), value: encodeRecord(record) },
      {
        type: 'put',
        key: endKeyOf(id, ended),
        value: state.dedupKey === undefined ? NOTHING : Buffer.from(state.dedupKey),
      },
    )
  }

  /** That is on disk. */
  isPut({ id, state: { ended, dedupKey = '' } }: JobRecord, from: 'live' | 'delayed'): void {
    if (ended === undefined) return
    const { status, atMs } = ended
    const name = nameOfJob(id)
    if (this.#rules[status].count === 0) {
      this.#parts.counts.add(name, from, -1)
      return
    }
    this.#parts.counts.move(name, from, status)
    this.#windows[status].add({ key: endKeyOf(id, ended), id, atMs, dedupKey })
    this.#added[status] += 1
    if (this.#added[status] >= TRIM_EVERY) this.#trim()
  }

  /** Takes a job away from those that have ended; its dedup key stays. */
  take({ id, state }: JobRecord, operations: Operation[]): void {
    if (state.ended === undefined) return
    operations.push({ type: 'del', key: keys.endedKey(id) }, { type: 'del', key: endKeyOf(id, state.ended) })
  }

  /** What was {@link take}n is on disk where it went. */
  isTaken(name: string, id: string, status: FinishedStatus): void {
    this.#parts.counts.add(name, status, -1)
    this.#windows[status].remove(id)
  }

  /** From the beginning: after a clock was set back, some have ended before those that memory has. */
  #trimAll(): void {
    this.reset()
    this.#trim()
  }

  /** Memory is void: what has ended is read again. */
  reset(): void {
    for (const status of FINISHED) this.#windows[status].reset()
  }

  #trim(): void {
    if (this.#isStopped || this.#trimming !== undefined) return
    this.#cancelWake()
    this.#trimming = (async () => {
      for (const status of FINISHED) while (await this.#trimSome(status)) if (this.#isStopped) return
    })()
      .catch((error) => {
        // Whether it is on disk is not known.
        this.reset()
        if (!this.#parts.store.writer.isReopening && !this.#isStopped) this.#parts.onError(error)
      })
      .finally(() => {
        this.#trimming = undefined
        if (!this.#isStopped) this.#cancelWake = this.#parts.clock.wake(LOOK_MS, () => this.#trimAll())
      })
  }

  /** @returns whether there may be more */
  async #trimSome(status: FinishedStatus): Promise<boolean> {
    const { store, clock, counts, locks } = this.#parts
    const { ageMs, count } = this.#rules[status]
    const window = this.#windows[status]
    this.#added[status] = 0
    const tooMany = (await counts.ended(status)) - count
    const oldestMs = clock.now() - ageMs
    await window.fill(store.database)
    // One that somebody is changing is looked at another time, if it is still there then.
    const { taken, hasMore } = window.take(
      TRIM_JOBS,
      ({ atMs }, index) => index < tooMany || atMs <= oldestMs,
      (id) => !locks.isHeld(id),
    )
    if (taken.length === 0) return hasMore
    await locks.holdAll(
      taken.map(({ id }) => id),
      async () => {
        await store.writer.commit((operations) => remove(taken, operations), { sync: false })
        for (const { id } of taken) counts.add(nameOfJob(id), status, -1)
      },
    )
    return hasMore
  }
}

const NOTHING = Buffer.alloc(0)

function endKeyOf(id: string, { status, atMs }: { readonly status: FinishedStatus; readonly atMs: number }) {
  return keys.endKey(status.slice(0, 1), atMs, id)
}

function remove(ended: readonly EndedEntry[], operations: Operation[]): void {
  for (const { key, id, dedupKey } of ended) {
    operations.push({ type: 'del', key }, { type: 'del', key: keys.endedKey(id) })
    if (dedupKey !== '') operations.push({ type: 'del', key: keys.dedupKey(nameOfJob(id), dedupKey) })
  }
}
