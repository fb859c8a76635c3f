import type { RetentionRules } from '../level/ended-jobs.ts'
import type { BullJob, BullQueue } from './bull-server.ts'
import { bullOptions, type EndedState, type Envelope, parseLogs, progressOf, stallsOf } from './envelope.ts'
import type { Names } from './names.ts'

export type AsideStatus = EndedState['status']

/** Removed at once, and looked at so often, so that each job that ends does not pay for one that goes. */
const TRIM_JOBS = 100

/** The queue, beside that of a name, where its cancelled or expired jobs are: no name has a tilde. */
export function asideOf(name: string, status: AsideStatus): string {
  return `${name}~${status}`
}

/**
 * Bull has no place for jobs that were cancelled or have expired. They are in queues of their own, which nothing
 * processes, under the same id. To be added there is the one act by which a job is cancelled: whoever looks for a job
 * looks there first, and whoever starts one does too, and drops it.
 */
export class AsideJobs {
  readonly #names: Names
  readonly #retention: RetentionRules
  #puts = 0

  constructor(names: Names, retention: RetentionRules) {
    this.#names = names
    this.#retention = retention
  }

  queue(name: string, status: AsideStatus): BullQueue {
    return this.#names.queue(asideOf(name, status))
  }

  async find(name: string, bullId: string): Promise<BullJob | undefined> {
    return (
      (await this.queue(name, 'cancelled').getJob(bullId)) ??
      (await this.queue(name, 'expired').getJob(bullId))
    )
  }

  async isCancelled(name: string, bullId: string): Promise<boolean> {
    return (await this.queue(name, 'cancelled').getJob(bullId)) !== undefined
  }

  /** @returns false if it was there already */
  async put(status: AsideStatus, name: string, job: BullJob): Promise<boolean> {
    const bullId = job.id ?? ''
    const aside = this.queue(name, status)
    if ((await aside.getJob(bullId)) !== undefined) return false
    const { logs } = await this.#names.queue(name).getJobLogs(bullId)
    const progress = progressOf(job)
    const ended: EndedState = {
      status,
      atMs: Date.now(),
      stalls: stallsOf(job),
      logs: parseLogs(logs),
      ...(job.processedOn === undefined ? {} : { startedAtMs: job.processedOn }),
      ...(progress === undefined ? {} : { progress }),
    }
    const envelope: Envelope = { ...job.data, createdAtMs: job.data.createdAtMs ?? job.timestamp, ended }
    // All of one priority: in the order in which they ended, and quick to remove.
    await aside.add(name, envelope, { ...bullOptions(0), jobId: bullId })
    this.#puts += 1
    if (this.#puts % TRIM_JOBS === 1) await this.#trim(status, name)
    return true
  }

  async remove(name: string, bullId: string): Promise<void> {
    await this.queue(name, 'cancelled').remove(bullId)
    await this.queue(name, 'expired').remove(bullId)
  }

  async #trim(status: AsideStatus, name: string): Promise<void> {
    const { ageMs, count } = this.#retention[status]
    const aside = this.queue(name, status)
    const tooMany = (await aside.getPrioritizedCount()) - count
    const oldest = await aside.getJobs(['prioritized'], 0, Math.max(TRIM_JOBS, tooMany) - 1, true)
    const oldestMs = Date.now() - ageMs
    const gone = oldest.filter((job, index) => index < tooMany || (job.data.ended?.atMs ?? 0) < oldestMs)
    await Promise.all(gone.map((job) => aside.remove(job.id ?? '')))
  }
}
