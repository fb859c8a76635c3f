import type { Database } from '@pastel-mesh/storage'
import type { Clock } from '../clock.ts'
import type { Schedule } from '../driver.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { DueJobs } from './due-jobs.ts'
import type { EndedJobs } from './ended-jobs.ts'
import type { StoredCounts } from './job-counts.ts'
import type { JobStore } from './job-store.ts'
import * as keys from './keys.ts'

export interface CarriedComponents {
  readonly store: JobStore
  readonly clock: Clock
  readonly counts: StoredCounts
  readonly due: DueJobs
  readonly ended: EndedJobs
  readonly work: Dispatcher
  readonly onError: (error: unknown) => void
}

/** What cannot be read of a database that was opened anew is tried again after so long. */
const RETRY_MS = 1_000

/** What memory only carries on of what is on disk: pauses, schedules, what waits, counts. */
export class Carried {
  readonly #parts: CarriedComponents
  #reads = 0

  constructor(components: CarriedComponents) {
    this.#parts = components
  }

  /** @param recount whether what was counted is void as well */
  async read(recount: boolean): Promise<void> {
    const { store, counts, due, ended, work } = this.#parts
    this.#reads += 1
    const read = this.#reads
    if (recount) await counts.count(store.database)
    const names = new Set<string>()
    for await (const [key] of store.database.iterate(keys.PAUSES)) names.add(keys.parseKey(key).text)
    const all = names.delete('')
    const schedules = await readSchedules(store.database)
    // Another has begun since, and will be newer; or nothing is to run any more.
    if (read !== this.#reads || work.isResting) return
    due.start(schedules)
    ended.reset()
    work.reset()
    work.pauses(all, names)
  }

  /** The database was opened anew. What cannot be read is tried again: without it nothing would run any more. */
  reopened(): void {
    const { due, store, work, clock, onError } = this.#parts
    // A tick that failed may be on disk: nothing ticks before that is read.
    due.halt()
    this.read(true).catch((error) => {
      // Closed, it is read when it was opened anew.
      if (work.isResting || !store.writer.isOpen) return
      onError(error)
      clock.wake(RETRY_MS, () => {
        if (!work.isResting && store.writer.isOpen) this.reopened()
      })
    })
  }
}

async function readSchedules(database: Database): Promise<Schedule[]> {
  const schedules: Schedule[] = []
  for await (const [, value] of database.iterate(keys.SCHEDULES)) {
    schedules.push(JSON.parse(value.toString()) as Schedule)
  }
  return schedules
}
