import type { JobRecord } from './job-record.ts'

/** A job that may run now. */
export interface ReadyJob {
  readonly id: string
  /** Left out where there is no room in memory: then it is read when its turn comes. */
  readonly record?: JobRecord
}

/** How much of the jobs of one name is held in memory. */
export interface ReadyJobsLimits {
  /** Jobs at most. */
  readonly maxJobs: number
  /** Below so many, more are read. */
  readonly fewJobs: number
  /** Characters of data held with them: what is beyond is read again when its turn comes. */
  readonly maxDataLength: number
}

const LIMITS: ReadyJobsLimits = { maxJobs: 10_000, fewJobs: 2_000, maxDataLength: 8 * 1024 * 1024 }

/**
 * The jobs of one name that wait, in the order in which they will run: the first of them in memory, the rest on disk.
 *
 * Every waiting job before `#behind` is in `#jobs` from `#start` on; those at it or behind it are on disk only, and
 * are read from there on when memory holds only a few ("from a cursor": a scan from the beginning would wade through
 * what was deleted). Without `#behind`, memory has all.
 */
export class ReadyJobs {
  readonly #limits: ReadyJobsLimits
  #jobs: ReadyJob[] = []
  #start = 0
  #dataLength = 0
  #behind: string | undefined = ''
  /** What came, and what went, while the disk was being read. */
  #meanwhile: { from: string | undefined; came: string[]; gone: Set<string> } | undefined

  constructor(limits: ReadyJobsLimits = LIMITS) {
    this.#limits = limits
  }

  get first(): string | undefined {
    return this.#jobs[this.#start]?.id
  }

  /** Whether none waits, on disk neither. */
  get isEmpty(): boolean {
    return this.size === 0 && this.#behind === undefined
  }

  get size(): number {
    return this.#jobs.length - this.#start
  }

  /** Where to read on, if it is time to and nobody does. */
  get readFrom(): string | undefined {
    return this.#meanwhile === undefined && this.size < this.#limits.fewJobs ? this.#behind : undefined
  }

  /** How many to read. */
  get room(): number {
    return this.#limits.maxJobs - this.size
  }

  /** Nothing is known any more: all are read again. */
  reset(): void {
    this.#jobs = []
    this.#start = 0
    this.#dataLength = 0
    this.#behind = ''
    this.#meanwhile = undefined
  }

  /** A job waits now, and is on disk. */
  add(job: ReadyJob): void {
    if (this.#behind !== undefined && job.id >= this.#behind) {
      // On disk only. Whoever is reading may have passed it.
      this.#meanwhile?.came.push(job.id)
      this.#meanwhile?.gone.delete(job.id)
      return
    }
    this.#insert(job)
    if (this.size > this.#limits.maxJobs) {
      const last = this.#jobs.pop()
      if (last === undefined) return
      this.#dataLength -= last.record?.data.length ?? 0
      this.#behind = last.id
    }
  }

  takeFirst(): ReadyJob | undefined {
    const job = this.#jobs[this.#start]
    if (job === undefined) return undefined
    this.#start += 1
    this.#dataLength -= job.record?.data.length ?? 0
    if (this.#start === this.#jobs.length || this.#start > this.#limits.maxJobs) {
      this.#jobs = this.#jobs.slice(this.#start)
      this.#start = 0
    }
    return job
  }

  /** A job does not wait any more. */
  remove(id: string): void {
    this.#meanwhile?.gone.add(id)
    const index = this.#indexOf(id)
    const job = this.#jobs[index]
    if (job?.id !== id) return
    this.#jobs.splice(index, 1)
    this.#dataLength -= job.record?.data.length ?? 0
  }

  /** Somebody reads from {@link readFrom} on. */
  beginReading(): object {
    this.#meanwhile = { from: this.#behind, came: [], gone: new Set() }
    return this.#meanwhile
  }

  /**
   * What was read, in order.
   * @param behind where to read on; undefined if that was all
   * @param reading what {@link beginReading} gave: after a reset it counts no more
   */
  endReading(jobs: readonly ReadyJob[], behind: string | undefined, reading: object): void {
    const meanwhile = this.#meanwhile
    if (meanwhile === undefined || meanwhile !== reading) return
    this.#meanwhile = undefined
    // The last of what memory had was put out meanwhile: what was read does not follow it any more.
    if (this.#behind !== meanwhile.from) return
    this.#behind = behind
    const came = new Set(meanwhile.came)
    for (const job of jobs) {
      // One that came meanwhile may have changed since it was read.
      if (!meanwhile.gone.has(job.id) && !came.has(job.id)) this.#insert(job)
    }
    for (const id of came) if (!meanwhile.gone.has(id)) this.add({ id })
  }

  #insert({ id, record }: ReadyJob): void {
    const length = record?.data.length ?? 0
    const keeps = record !== undefined && this.#dataLength + length <= this.#limits.maxDataLength
    if (keeps) this.#dataLength += length
    const job = keeps ? { id, record } : { id }
    const last = this.#jobs.at(-1)
    if (last === undefined || this.size === 0 || id > last.id) this.#jobs.push(job)
    else {
      const index = this.#indexOf(id)
      // Known twice is not to run twice.
      this.#jobs.splice(index, this.#jobs[index]?.id === id ? 1 : 0, job)
    }
  }

  /** Of the first job that is not before this one. */
  #indexOf(id: string): number {
    let low = this.#start
    let high = this.#jobs.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#jobs[middle]?.id ?? '') < id) low = middle + 1
      else high = middle
    }
    return low
  }
}
