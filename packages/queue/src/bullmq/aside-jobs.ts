import type { RetentionRules } from '../level/ended-jobs.ts'
import type { BullJob, BullQueue } from './bull-server.ts'
import { bullOptions, type EndedState, type Envelope, parseLogs, progressOf, stallsOf } from './envelope.ts'
import type { Names } from './names.ts'

export type AsideStatus = EndedState['status']

/** Looked at and removed together, so that each job that ends does not pay for one that goes. */
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
  /** How many have been settled, of each name and status. */
  readonly #settled = new Map<string, number>()

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

  /** Whether one that is about to start has ended: it was cancelled, or one of its dedup key has expired before. */
  async hasEnded(name: string, { id: bullId = '', data }: BullJob): Promise<boolean> {
    if ((await this.queue(name, 'cancelled').getJob(bullId)) !== undefined) return true
    if (data.dedupKey === undefined) return false
    const expired = await this.queue(name, 'expired').getJob(bullId)
    // Under its own nonce it is itself: somebody who looks finds it overdue just now, and gives way to whoever starts it.
    return expired !== undefined && expired.data.nonce !== data.nonce
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
    return true
  }

  /** One that was put aside is nowhere else any more: now and then, those go that are too many or too old. */
  async settled(status: AsideStatus, name: string): Promise<void> {
    const key = asideOf(name, status)
    const before = this.#settled.get(key) ?? 0
    this.#settled.set(key, before + 1)
    // Few are kept exactly, of many a tenth more at most.
    const lot = Math.min(TRIM_JOBS, Math.ceil(this.#retention[status].count / 10) || 1)
    if (before % lot === 0) await this.#trim(status, name)
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
    // That one is here is how whoever runs it knows that it was cancelled.
    const active = new Set(await this.#names.queue(name).getRanges(['active'], 0, -1))
    const gone = oldest
      .filter((job, index) => index < tooMany || (job.data.ended?.atMs ?? 0) < oldestMs)
      .filter(({ id = '' }) => !active.has(id))
    await Promise.all(gone.map((job) => aside.remove(job.id ?? '')))
  }
}
