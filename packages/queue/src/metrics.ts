import type { JobEventType } from './driver.ts'

/** What has happened to the jobs of a name, in this process. */
export interface JobMetrics extends Record<JobEventType, number> {
  /** Attempts that run now. */
  active: number
  /** Attempts that ended, and how long they took together. */
  attempts: number
  attemptMs: number
}

export class MetricsByName {
  readonly #byName = new Map<string, JobMetrics>()

  get all(): ReadonlyMap<string, JobMetrics> {
    return this.#byName
  }

  of(name: string): JobMetrics {
    let metrics = this.#byName.get(name)
    if (metrics === undefined) {
      metrics = {
        added: 0,
        started: 0,
        progress: 0,
        retrying: 0,
        stalled: 0,
        released: 0,
        done: 0,
        failed: 0,
        cancelled: 0,
        expired: 0,
        removed: 0,
        active: 0,
        attempts: 0,
        attemptMs: 0,
      }
      this.#byName.set(name, metrics)
    }
    return metrics
  }
}
