import type { Clock } from '../clock.ts'
import type { Schedule } from '../driver.ts'
import type { JobStore } from './job-store.ts'
import { dueFrom, parseDueKey } from './keys.ts'

/** What has come due of one job: it may run, or has expired. */
export interface Due {
  readonly key: Buffer
  readonly id: string
  readonly what: string
}

export interface DueJobsComponents {
  readonly store: JobStore
  readonly clock: Clock
  /** Jobs that are due; those it cannot see to now, it gives back. */
  readonly onDue: (due: readonly Due[]) => Promise<number>
  readonly onTick: (schedule: Schedule, nowMs: number) => Promise<void>
  readonly onError: (error: unknown) => void
}

/** Jobs that are seen to at once. */
const MAX_DUE = 500
/** What could not be seen to, or failed, is looked at again after so long. */
const RETRY_MS = 100
/** How often a tick that waits for room on the disk looks for it: as often as the disk is looked at. */
const ROOM_MS = 1_000

/**
 * Waits for the next time at which a job may run or expires, or a schedule ticks: one timer for all. The times of jobs
 * are on disk, in order; memory has the first only.
 */
export class DueJobs {
  readonly #parts: DueJobsComponents
  readonly #schedules = new Map<string, Schedule>()
  #firstMs = Number.POSITIVE_INFINITY
  /** Nothing before it is due any more: a scan from the beginning would wade through what was deleted. */
  #fromMs = 0
  /** Nothing ticks before it: the last tick failed, or found no room. */
  #ticksFromMs = 0
  #isFull = false
  #cancelWake: () => void = () => {}
  #looking: Promise<void> | undefined
  #isStopped = true

  constructor(components: DueJobsComponents) {
    this.#parts = components
  }

  get schedules(): ReadonlyMap<string, Schedule> {
    return this.#schedules
  }

  /** Begins, or begins anew: what is on disk is looked at. */
  start(schedules: readonly Schedule[]): void {
    this.#isStopped = false
    this.#schedules.clear()
    for (const schedule of schedules) this.#schedules.set(schedule.id, schedule)
    this.#firstMs = 0
    this.#fromMs = 0
    this.#ticksFromMs = 0
    this.#arm()
  }

  /** Whether what memory has of schedules may be behind what is on disk. */
  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Sees to nothing until it begins anew. */
  halt(): void {
    this.#isStopped = true
    this.#cancelWake()
  }

  async stop(): Promise<void> {
    this.halt()
    await this.#looking
  }

  /** A job is due at some time, and that is on disk. */
  add(atMs: number): void {
    this.#fromMs = Math.min(this.#fromMs, atMs)
    if (atMs >= this.#firstMs) return
    this.#firstMs = atMs
    this.#arm()
  }

  putSchedule(schedule: Schedule): void {
    this.#schedules.set(schedule.id, schedule)
    this.#arm()
  }

  removeSchedule(id: string): void {
    this.#schedules.delete(id)
  }

  #arm(): void {
    this.#cancelWake()
    if (this.#isStopped || this.#looking !== undefined) return
    let atMs = this.#firstMs
    for (const { nextAtMs } of this.#schedules.values()) {
      if (nextAtMs !== undefined) atMs = Math.min(atMs, Math.max(nextAtMs, this.#ticksFromMs))
    }
    if (atMs === Number.POSITIVE_INFINITY) return
    this.#cancelWake = this.#parts.clock.wake(atMs - this.#parts.clock.now(), () => this.#look())
  }

  #look(): void {
    if (this.#isStopped || this.#looking !== undefined) return
    this.#looking = this.#see()
      .catch((error) => {
        // The store is being opened anew: it is looked at again when it is there.
        if (!this.#parts.store.writer.isReopening) this.#parts.onError(error)
        const againMs = this.#parts.clock.now() + RETRY_MS
        this.#firstMs = Math.min(this.#firstMs, againMs)
        this.#ticksFromMs = Math.max(this.#ticksFromMs, againMs)
      })
      .finally(() => {
        this.#looking = undefined
        this.#arm()
      })
  }

  /** Whether a tick may make a job; that it may not is told once. */
  #hasRoom(): boolean {
    try {
      this.#parts.store.disk.assertRoom()
      this.#isFull = false
    } catch (error) {
      if (!this.#isFull) this.#parts.onError(error)
      this.#isFull = true
    }
    return !this.#isFull
  }

  async #see(): Promise<void> {
    const { store, clock, onDue, onTick } = this.#parts
    const nowMs = clock.now()
    for (const schedule of [...this.#schedules.values()]) {
      if (this.#isStopped) return
      if ((schedule.nextAtMs ?? Number.POSITIVE_INFINITY) > nowMs || this.#ticksFromMs > nowMs) continue
      if (this.#hasRoom()) await onTick(schedule, nowMs)
      else this.#ticksFromMs = nowMs + ROOM_MS
    }
    if (this.#firstMs > nowMs) return
    // What is added from here on says so itself.
    this.#firstMs = Number.POSITIVE_INFINITY
    const fromMs = this.#fromMs
    this.#fromMs = nowMs
    const due: Due[] = []
    let firstMs = Number.POSITIVE_INFINITY
    let left = 0
    try {
      for await (const [key] of store.database.iterate({
        ...dueFrom(fromMs),
        limit: MAX_DUE + 1,
        readAhead: 32,
        keysOnly: true,
      })) {
        const { atMs, what, id } = parseDueKey(key)
        if (atMs > nowMs || due.length === MAX_DUE) {
          firstMs = atMs
          break
        }
        due.push({ key, id, what })
      }
      left = due.length === 0 ? 0 : await onDue(due)
    } catch (error) {
      this.#fromMs = Math.min(this.#fromMs, fromMs)
      throw error
    }
    if (left > 0) this.#fromMs = Math.min(this.#fromMs, fromMs)
    else if (firstMs < nowMs) this.#fromMs = Math.min(this.#fromMs, firstMs)
    this.#firstMs = Math.min(this.#firstMs, firstMs, left > 0 ? nowMs + RETRY_MS : firstMs)
  }
}
