import { createStore } from '@pastel-mesh/storage'
import { type Clock, systemClock } from '../clock.ts'
import type {
  AddedJob,
  Bookmark,
  DriverHost,
  HandlerLimits,
  JobCounts,
  JobPage,
  JobQuery,
  NewJob,
  QueueDriver,
  QueuePauses,
  Schedule,
} from '../driver.ts'
import { stopped } from '../errors.ts'
import type { FinishedStatus, Job } from '../job.ts'
import { Carried } from './carried.ts'
import { cancelJob, findNow, removeJob, retryJob } from './change-jobs.ts'
import { DedupKeys } from './dedup-keys.ts'
import { Dispatcher } from './dispatcher.ts'
import { DueJobs } from './due-jobs.ts'
import { type DueWorkComponents, putSchedule, seeToDue, tick, withTicksOf } from './due-work.ts'
import { EndedJobs, type Retention } from './ended-jobs.ts'
import { StoredCounts } from './job-counts.ts'
import { JobIds, nameOfJob } from './job-id.ts'
import { JobLocks } from './job-locks.ts'
import { type JobRecord, toJob } from './job-record.ts'
import type { JobStore } from './job-store.ts'
import { newRecord, placeAt, putNew } from './job-table.ts'
import * as keys from './keys.ts'
import { type LeaseRound, LeaseRounds } from './lease-rounds.ts'
import { listJobs } from './list-jobs.ts'
import { recover } from './recover.ts'
import { RunningJobs } from './running-jobs.ts'

export interface LevelDriverOptions {
  /** Folder of the database; made if it is not there. One process at a time. Not needed with a `store`. */
  readonly directory?: string
  /** How long jobs are kept after they ended. @default see DEFAULT_RETENTION */
  readonly retention?: Partial<Record<FinishedStatus, Retention>>
  /** A job during which the process died so often is a dead letter. @default 3 */
  readonly maxStalls?: number
}

export interface LevelDriverComponents {
  /** A store to keep jobs in, beside other things: they share its database and its writer. */
  readonly store?: JobStore
  /** Whether the store is started and stopped with the driver. @default false */
  readonly ownsStore?: boolean
  readonly clock?: Clock
}

const DEFAULT_MAX_STALLS = 3

/**
 * Jobs in a LevelDB database, for one process.
 *
 * ```
 *   add() ─▶ delayed ──due──▶ waiting ──leased──▶ running ──▶ done, failed
 *     │         ▲  │            ▲ │ ▲                │
 *     └─────────┼──┼────────────┘ │ └── released ────┤     released: the queue stops, or the process died
 *               │  │              │                  │
 *               │  └─ cancel() ───┴──── cancel() ────┼──▶ cancelled
 *               │     expiry            expiry ──────┼──▶ expired
 *               └────────────── retry, later ────────┘
 *
 *   failed, cancelled, expired ── retry() ──▶ waiting
 *   whatever has ended ── retention, remove() ──▶ gone
 * ```
 *
 * A job is one entry, moved between three places on disk (delayed; waiting or running; ended) by single writes: see
 * keys.ts. What a caller asked for is on disk, synced, before the caller hears of it. What the queue does by itself
 * (leases, ends of attempts, promotions) is written without waiting for the disk: a power cut can make a job run again,
 * and nothing else. That a job runs is written, in the entry of its round, before it does; what is found there at the
 * start was running when the process died, and waits again.
 */
export class LevelDriver implements QueueDriver {
  readonly commitsBookmarks = true
  readonly #store: JobStore
  readonly #ownsStore: boolean
  readonly #clock: Clock
  readonly #maxStalls: number
  readonly #retention: Partial<Record<FinishedStatus, Retention>>
  readonly #ids = new JobIds()
  readonly #handlers: HandlerLimits[] = []
  #parts: Parts | undefined
  #removeReopened: () => void = () => {}

  constructor(
    options: LevelDriverOptions,
    { store, ownsStore = store === undefined, clock = systemClock }: LevelDriverComponents = {},
  ) {
    this.#ownsStore = ownsStore
    this.#store = store ?? createStore({ directory: options.directory ?? '' })
    this.#clock = clock
    this.#maxStalls = options.maxStalls ?? DEFAULT_MAX_STALLS
    this.#retention = options.retention ?? {}
  }

  async start(host: DriverHost, { concurrency }: { readonly concurrency: number }): Promise<void> {
    if (this.#ownsStore) await this.#store.start()
    try {
      const parts = this.#makeParts(host, concurrency)
      await parts.counts.count(this.#store.database)
      await recover(this.#maxStalls, parts)
      this.#removeReopened = this.#store.onReopened(() => parts.carried.reopened())
      await parts.carried.read(false)
      parts.ended.start()
      this.#parts = parts
      for (const limits of this.#handlers) parts.work.work(limits)
    } catch (error) {
      if (this.#ownsStore) await this.#store.stop()
      throw error
    }
  }

  async rest(): Promise<void> {
    this.#parts?.work.rest()
    await this.#parts?.work.leased()
    await this.#parts?.due.stop()
  }

  async stop(): Promise<void> {
    await this.rest()
    await this.#parts?.running.settled()
    await this.#parts?.ended.stop()
    this.#removeReopened()
    this.#parts = undefined
    if (this.#ownsStore) await this.#store.stop()
  }

  work(limits: HandlerLimits): void {
    this.#handlers.push(limits)
    this.#parts?.work.work(limits)
  }

  async add(jobs: readonly NewJob[], bookmark?: Bookmark): Promise<AddedJob[]> {
    const { dedup } = this.#open()
    this.#store.disk.assertRoom()
    const nowMs = this.#clock.now()
    const records = jobs.map((job) => newRecord(this.#ids.next(job.name, job.priority, nowMs), job, nowMs))
    if (jobs.some((job) => job.dedupKey !== undefined)) {
      const ids = records.map(({ id }) => id)
      return dedup.add(jobs, ids, (fresh) =>
        this.#put(
          records.filter((_, index) => fresh.has(index)),
          bookmark,
        ),
      )
    }
    await this.#put(records, bookmark)
    return records.map(({ id }) => ({ id, isDuplicate: false }))
  }

  async bookmark(name: string): Promise<string | undefined> {
    this.#open()
    return (await this.#store.database.get(keys.bookmarkKey(name)))?.toString()
  }

  async get(id: string): Promise<Job | undefined> {
    const { work, running } = this.#open()
    const found = await findNow(id, { store: this.#store, running })
    if (found === undefined) return undefined
    const status = found.place !== 'live' ? found.place : work.running.has(id) ? 'running' : 'waiting'
    return toJob(found.record, status)
  }

  async list(query: JobQuery): Promise<JobPage> {
    const { work } = this.#open()
    return listJobs(query, { store: this.#store, running: work.running })
  }

  async counts(): Promise<Map<string, JobCounts>> {
    const { counts, work } = this.#open()
    return counts.byName((name) => work.runningOf(name))
  }

  async cancel(id: string): Promise<boolean> {
    return cancelJob(id, this.#open())
  }

  async retry(id: string): Promise<boolean> {
    return retryJob(id, this.#open())
  }

  async remove(id: string): Promise<boolean> {
    return removeJob(id, this.#open())
  }

  pause(name?: string): Promise<void> {
    return this.#setPaused(name, true)
  }

  resume(name?: string): Promise<void> {
    return this.#setPaused(name, false)
  }

  async pauses(): Promise<QueuePauses> {
    const { all, names } = this.#open().work.paused
    return { all, names: [...names].sort() }
  }

  async putSchedule(schedule: Schedule): Promise<void> {
    const { due, locks } = this.#open()
    this.#store.disk.assertRoom()
    await locks.hold(`schedule ${schedule.id}`, async () => {
      const changed = withTicksOf(due.schedules.get(schedule.id), schedule)
      await this.#store.writer.commit((operations) => operations.push(putSchedule(changed)))
      due.putSchedule(changed)
    })
  }

  async removeSchedule(id: string): Promise<boolean> {
    const { due, locks } = this.#open()
    return locks.hold(`schedule ${id}`, async () => {
      if (!due.schedules.has(id)) return false
      await this.#store.writer.commit((operations) =>
        operations.push({ type: 'del', key: keys.scheduleKey(id) }),
      )
      due.removeSchedule(id)
      return true
    })
  }

  async schedules(): Promise<Schedule[]> {
    return [...this.#open().due.schedules.values()]
  }

  #open(): Parts {
    if (this.#parts === undefined) throw stopped()
    return this.#parts
  }

  #makeParts(host: DriverHost, concurrency: number): Parts {
    const base = {
      store: this.#store,
      clock: this.#clock,
      host,
      onError: host.onError,
      ids: this.#ids,
      locks: new JobLocks(),
      counts: new StoredCounts(),
      rounds: new LeaseRounds(),
      dedup: new DedupKeys({ store: this.#store }),
      dispatcher: (): Dispatcher => work,
      isPut: (record: JobRecord, place: 'live' | 'delayed') => this.#isPut(record, place),
    }
    const ended = new EndedJobs(this.#retention, base)
    const dueParts: DueWorkComponents = { ...base, ended }
    const due = new DueJobs({
      ...base,
      onDue: (jobs) => seeToDue(jobs, dueParts),
      onTick: (schedule, nowMs) =>
        base.locks.hold(`schedule ${schedule.id}`, async () => {
          const now = due.schedules.get(schedule.id)
          if (now === schedule && !due.isStopped) due.putSchedule(await tick(schedule, nowMs, dueParts))
        }),
    })
    const running = new RunningJobs({ ...base, ended, due })
    const work: Dispatcher = new Dispatcher(concurrency, {
      ...base,
      maxStalls: this.#maxStalls,
      run: (job) => running.run(job),
    })
    return { ...base, ended, due, running, work, carried: new Carried({ ...base, ended, due, work }) }
  }

  #put(records: readonly JobRecord[], bookmark?: Bookmark): Promise<void> {
    const { work, rounds } = this.#open()
    const nowMs = this.#clock.now()
    const places = records.map((record) => placeAt(record, nowMs))
    let round: LeaseRound | undefined
    let leased: readonly JobRecord[] = []
    const committed = this.#store.writer.commit((operations) => {
      for (const [index, record] of records.entries()) putNew(record, places[index] ?? 'live', operations)
      if (bookmark !== undefined) {
        const value = Buffer.from(bookmark.value)
        operations.push({ type: 'put', key: keys.bookmarkKey(bookmark.name), value })
      }
      leased = work.takePlaces(records.filter((_, index) => places[index] === 'live'))
      if (leased.length > 0) round = rounds.join(leased, operations)
    })
    return work.leasing(
      committed.then(
        () => {
          for (const [index, record] of records.entries()) {
            const isLeased = round?.ids.has(record.id) === true
            this.#isPut(record, places[index] ?? 'live', isLeased ? round : undefined)
          }
        },
        (error) => {
          work.leavePlaces(leased)
          throw error
        },
      ),
    )
  }

  /** A new job is on disk, and its lease as well if there is a round. */
  #isPut(record: JobRecord, place: 'live' | 'delayed', round?: LeaseRound): void {
    if (this.#parts === undefined) return
    const { counts, host, due, work } = this.#parts
    const { id, state } = record
    const name = nameOfJob(id)
    counts.add(name, place, 1)
    host.onEvent({ type: 'added', id, name })
    if (round !== undefined) work.begin(record, round)
    else if (place === 'live') work.add(record, name)
    else due.add(state.runAtMs ?? 0)
    if (state.expiresAtMs !== undefined) due.add(state.expiresAtMs)
  }

  async #setPaused(name: string | undefined, isPaused: boolean): Promise<void> {
    const { work } = this.#open()
    const key = keys.pauseKey(name ?? '')
    await this.#store.writer.commit((operations) =>
      operations.push(isPaused ? { type: 'put', key, value: Buffer.alloc(0) } : { type: 'del', key }),
    )
    const { all, names } = work.paused
    const changed = new Set(names)
    if (name !== undefined && isPaused) changed.add(name)
    else if (name !== undefined) changed.delete(name)
    work.pauses(name === undefined ? isPaused : all, changed)
  }
}

/** What there is while it is started. */
interface Parts extends DueWorkComponents {
  readonly rounds: LeaseRounds
  readonly dedup: DedupKeys
  readonly due: DueJobs
  readonly running: RunningJobs
  readonly work: Dispatcher
  readonly carried: Carried
}
