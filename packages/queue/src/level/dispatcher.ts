import { StorageError } from '@pastel-mesh/storage'
import type { Clock } from '../clock.ts'
import type { DriverHost, HandlerLimits } from '../driver.ts'
import { nameOfJob, runsBefore } from './job-id.ts'
import type { JobLocks } from './job-locks.ts'
import { decodeRecord, type JobRecord } from './job-record.ts'
import type { JobStore } from './job-store.ts'
import { liveJobs, liveKey, parseKey } from './keys.ts'
import type { LeaseRound, LeaseRounds } from './lease-rounds.ts'
import { RateWindow } from './rate-window.ts'
import { ReadyJobs } from './ready-jobs.ts'

/** A job that is this process's, from the moment it is chosen. */
export interface RunningJob {
  record: JobRecord
  readonly round: LeaseRound
  /** Its end is on its way to the disk: nothing else may end it. */
  isEnding: boolean
}

export interface DispatcherComponents {
  readonly store: JobStore
  readonly clock: Clock
  readonly rounds: LeaseRounds
  readonly host: DriverHost
  readonly locks: JobLocks
  /** A job during which the process died so often is a dead letter. */
  readonly maxStalls: number
  /** Runs what was handed out. */
  readonly run: (job: RunningJob) => void
}

interface Handler {
  readonly limits: HandlerLimits
  readonly ready: ReadyJobs
  readonly window: RateWindow | undefined
  running: number
  /** Of these, new jobs that are on their way to the disk. */
  places: number
}

/** Jobs that are read at once, when memory holds only a few. */
const READ_JOBS = 1_000
/** After a job could not be read it is tried again after so long. */
const RETRY_MS = 100
/** Characters of data after which no more are read at once: what is held of one name is no more either. */
const READ_LENGTH = 8 * 1024 * 1024

/**
 * Decides which jobs run: as many as there is room for, in all and of each name, the first of all names first; none
 * of a name that is paused or over its rate. Those that were chosen are leased together, in one write.
 *
 * A job that is a dead letter if the process dies once more runs beside no other such job: which of them it is that
 * kills the process shows, and the rest are not lost with it.
 */
export class Dispatcher {
  readonly #parts: DispatcherComponents
  readonly #concurrency: number
  readonly #handlers = new Map<string, Handler>()
  /** Without a value: it was chosen, and its lease is on its way to the disk. */
  readonly #running = new Map<string, RunningJob | undefined>()
  readonly #leases = new Set<Promise<void>>()
  /** The one job that runs and has no stall left, and those that wait for it to end. */
  #lastChance: string | undefined
  readonly #aside = new Set<string>()
  #paused: { all: boolean; readonly names: Set<string> } = { all: false, names: new Set() }
  #isResting = false
  #isScheduled = false
  #cancelWake: () => void = () => {}

  constructor(concurrency: number, components: DispatcherComponents) {
    this.#concurrency = concurrency
    this.#parts = components
  }

  /** Whether nothing is handed out any more. */
  get isResting(): boolean {
    return this.#isResting
  }

  get paused(): { all: boolean; readonly names: Set<string> } {
    return this.#paused
  }

  /** Jobs of a name that run. */
  runningOf(name: string): number {
    const { running = 0, places = 0 } = this.#handlers.get(name) ?? {}
    return running - places
  }

  get running(): ReadonlyMap<string, RunningJob | undefined> {
    return this.#running
  }

  work(limits: HandlerLimits): void {
    const window = limits.rateLimit === undefined ? undefined : new RateWindow(limits.rateLimit)
    this.#handlers.set(limits.name, { limits, ready: new ReadyJobs(), window, running: 0, places: 0 })
    this.wake()
  }

  rest(): void {
    this.#isResting = true
    this.#cancelWake()
  }

  /** Memory is void: everything that waits is read again. */
  reset(): void {
    this.#aside.clear()
    for (const { ready } of this.#handlers.values()) ready.reset()
    this.wake()
  }

  pauses(all: boolean, names: Iterable<string>): void {
    this.#paused = { all, names: new Set(names) }
    this.wake()
  }

  /** A job waits now, and is on disk. */
  add(record: JobRecord, name: string): void {
    const handler = this.#handlers.get(name)
    if (handler === undefined) return
    handler.ready.add({ id: record.id, record })
    this.wake()
  }

  /**
   * Takes places for new jobs that can run as soon as they are on disk, because none waits that would come first: then
   * their leases go there with them.
   * @returns those that have one: {@link begin} or {@link leavePlaces} is to follow
   */
  takePlaces(records: readonly JobRecord[]): readonly JobRecord[] {
    // Who waits is about to be looked at: it comes first.
    if (this.#isResting || this.#isScheduled || this.#paused.all) return []
    const inOrder =
      records.length < 2 ? records : [...records].sort((a, b) => (runsBefore(a.id, b.id) ? -1 : 1))
    return inOrder.filter(({ id }) => this.#takePlace(id, nameOfJob(id)))
  }

  #takePlace(id: string, name: string): boolean {
    const handler = this.#handlers.get(name)
    if (handler === undefined || this.#running.size >= this.#concurrency) return false
    const { ready, limits, window, running } = handler
    if (window !== undefined || !ready.isEmpty || running >= limits.concurrency) return false
    if (this.#paused.names.has(name)) return false
    handler.running += 1
    handler.places += 1
    this.#running.set(id, undefined)
    return true
  }

  leavePlaces(records: readonly JobRecord[]): void {
    for (const { id } of records) {
      const name = nameOfJob(id)
      this.#leavePlace(name)
      this.ended(id, name)
    }
  }

  #leavePlace(name: string): void {
    const handler = this.#handlers.get(name)
    if (handler !== undefined) handler.places -= 1
  }

  /** Leases are on their way to the disk: {@link leased} waits for them. */
  leasing(lease: Promise<void>): Promise<void> {
    const settled = () => this.#leases.delete(lease)
    this.#leases.add(lease)
    lease.then(settled, settled)
    return lease
  }

  /** A job that had a place is on disk, with its lease. */
  begin(record: JobRecord, round: LeaseRound): void {
    this.#leavePlace(nameOfJob(record.id))
    this.#begin(record, round)
  }

  #begin(record: JobRecord, round: LeaseRound): void {
    const job = { record, round, isEnding: false }
    this.#running.set(record.id, job)
    this.#parts.run(job)
  }

  /** A job does not wait any more. */
  remove(id: string, name: string): void {
    this.#aside.delete(id)
    this.#handlers.get(name)?.ready.remove(id)
  }

  /** Waits until what was chosen runs, or waits again. */
  async leased(): Promise<void> {
    await Promise.allSettled(this.#leases)
  }

  /** One that ran does not run any more. */
  ended(id: string, name: string): void {
    if (!this.#running.delete(id)) return
    const handler = this.#handlers.get(name)
    if (handler !== undefined) {
      handler.running -= 1
      handler.ready.remove(id)
    }
    if (this.#lastChance === id) this.#nextLastChance()
    this.wake()
  }

  /** All that wait aside have their turn again: the first that may run is it, whatever is paused. */
  #nextLastChance(): void {
    this.#lastChance = undefined
    for (const id of this.#aside) this.#handlers.get(nameOfJob(id))?.ready.add({ id })
    this.#aside.clear()
  }

  /** Whether a job may run now that was chosen to; otherwise it waits aside. */
  #mayRun({ id, state: { stalls = 0 } }: JobRecord): boolean {
    if (stalls === 0 || stalls < this.#parts.maxStalls - 1) return true
    this.#lastChance ??= id
    if (this.#lastChance === id) return true
    this.#aside.add(id)
    return false
  }

  /** Looks, once for all who ask in this turn of the event loop, whether something can run. */
  wake(): void {
    if (this.#isScheduled || this.#isResting) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      this.#dispatch()
    })
  }

  #dispatch(): void {
    if (this.#isResting || this.#paused.all || !this.#parts.store.writer.isOpen) return
    const chosen: { id: string; record: JobRecord | undefined; handler: Handler }[] = []
    while (this.#running.size < this.#concurrency) {
      const handler = this.#nextHandler()
      const job = handler?.ready.takeFirst()
      if (handler === undefined || job === undefined) break
      handler.running += 1
      handler.window?.started(this.#parts.clock.now())
      this.#running.set(job.id, undefined)
      chosen.push({ id: job.id, record: job.record, handler })
    }
    for (const { ready, limits } of this.#handlers.values()) {
      if (ready.readFrom !== undefined) this.#read(ready, limits.name).catch(this.#parts.host.onError)
    }
    if (chosen.length === 0) return
    this.leasing(this.#lease(chosen)).catch(this.#parts.host.onError)
  }

  /** Of those that may start a job, the one whose first is before all others. */
  #nextHandler(): Handler | undefined {
    let best: Handler | undefined
    let freeAtMs = Number.POSITIVE_INFINITY
    for (const handler of this.#handlers.values()) {
      const { ready, limits, window, running } = handler
      const { first } = ready
      if (first === undefined || running >= limits.concurrency || this.#paused.names.has(limits.name))
        continue
      if (window !== undefined && window.freeAtMs > this.#parts.clock.now()) {
        freeAtMs = Math.min(freeAtMs, window.freeAtMs)
        continue
      }
      if (best?.ready.first === undefined || runsBefore(first, best.ready.first)) best = handler
    }
    if (best === undefined && freeAtMs < Number.POSITIVE_INFINITY) {
      this.#cancelWake()
      this.#cancelWake = this.#parts.clock.wake(freeAtMs - this.#parts.clock.now(), () => this.wake())
    }
    return best
  }

  async #lease(
    chosen: readonly { id: string; record: JobRecord | undefined; handler: Handler }[],
  ): Promise<void> {
    const { store, rounds } = this.#parts
    let records: JobRecord[]
    let round: LeaseRound
    try {
      const loaded = await this.#load(chosen)
      records = loaded.filter((record) => record !== undefined && this.#mayRun(record)) as JobRecord[]
      const runs = new Set(records.map(({ id }) => id))
      // Removed between being chosen and being read, or put aside.
      for (const { id, handler } of chosen) if (!runs.has(id)) this.ended(id, handler.limits.name)
      if (records.length === 0) return
      round = await rounds.begin(store.writer, [...runs])
    } catch (error) {
      // Mostly the store is being opened anew, or closed: what waits is read again then.
      if (!(error instanceof StorageError) || error.code === 'ERR_STORE_READ') {
        this.#parts.host.onError(error)
        await new Promise<void>((resolve) => this.#parts.clock.wake(RETRY_MS, resolve))
      }
      for (const { id, handler } of chosen) {
        if (!this.#running.has(id)) continue
        this.ended(id, handler.limits.name)
        handler.ready.add({ id })
      }
      return
    }
    for (const record of records) this.#begin(record, round)
  }

  async #load(
    chosen: readonly { id: string; record: JobRecord | undefined }[],
  ): Promise<(JobRecord | undefined)[]> {
    const missing = chosen.filter(({ record }) => record === undefined)
    if (missing.length === 0) return chosen.map(({ record }) => record)
    const values = await this.#parts.store.database.getMany(missing.map(({ id }) => liveKey(id)))
    const found = new Map(missing.map(({ id }, index) => [id, values[index]]))
    return chosen.map(({ id, record }) => {
      const value = found.get(id)
      return record ?? (value === undefined ? undefined : this.#decode(id, value))
    })
  }

  /** One that cannot be read stays where it is, and holds up no other. */
  #decode(id: string, value: Buffer): JobRecord | undefined {
    try {
      return decodeRecord(id, value)
    } catch (error) {
      this.#parts.host.onError(error)
      return undefined
    }
  }

  async #read(ready: ReadyJobs, name: string): Promise<void> {
    const from = ready.readFrom
    if (from === undefined) return
    const reading = ready.beginReading()
    const range = liveJobs(name)
    const limit = Math.min(READ_JOBS, ready.room)
    const jobs: { id: string; record: JobRecord }[] = []
    let last: string | undefined
    let count = 0
    let length = 0
    try {
      const gte = from === '' ? range.gte : liveKey(from)
      for await (const [key, value] of this.#parts.store.database.iterate({
        ...range,
        gte,
        limit,
        readAhead: limit,
      })) {
        const { text: id } = parseKey(key)
        count += 1
        last = id
        const record = this.#running.has(id) ? undefined : this.#decode(id, value)
        if (record !== undefined) jobs.push({ id, record })
        length += value.length
        if (length >= READ_LENGTH) break
      }
    } catch (error) {
      ready.endReading([], from, reading)
      throw error
    }
    // What is being changed is put where it belongs by what changes it.
    const settled = jobs.filter(({ id }) => !this.#parts.locks.isHeld(id))
    // Behind the last: the next id that could be is this one and a zero byte.
    const isAll = (count < limit && length < READ_LENGTH) || last === undefined
    ready.endReading(settled, isAll ? undefined : `${last}\0`, reading)
    this.wake()
  }
}
