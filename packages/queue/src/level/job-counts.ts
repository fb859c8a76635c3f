import type { Database } from '@pastel-mesh/storage'
import type { JobCounts } from '../driver.ts'
import { FINISHED, type FinishedStatus } from '../job.ts'
import { nameOfJob } from './job-id.ts'
import type { Place } from './job-table.ts'
import { COUNTED, parseEndKey, parseKey } from './keys.ts'

type Places = Record<Place, number>

/**
 * How many jobs of each name are where. Counted once in the background, from what was on disk when it was opened; what
 * changes meanwhile is added to that.
 */
export class StoredCounts {
  readonly #counts = new Map<string, Places>()
  #counting: Promise<void> = Promise.resolve()
  #epoch = 0

  /** Counts anew; resolves when it has begun: what is written from then on is for {@link add} to tell. */
  async count(database: Database): Promise<void> {
    this.#counts.clear()
    this.#epoch += 1
    const epoch = this.#epoch
    const chunks = database.iterateChunks({ ...COUNTED, keysOnly: true })[Symbol.asyncIterator]()
    // An iteration sees what is there when the first entry is asked for.
    let chunk = await chunks.next()
    this.#counting = (async () => {
      while (chunk.done !== true) {
        if (epoch !== this.#epoch) return
        for (const [key] of chunk.value) this.#countKey(key)
        chunk = await chunks.next()
      }
    })()
    // Whoever asks for the counts hears of it.
    this.#counting.catch(() => {})
  }

  add(name: string, place: Place, difference: number): void {
    let places = this.#counts.get(name)
    if (places === undefined) {
      places = { live: 0, delayed: 0, done: 0, failed: 0, cancelled: 0, expired: 0 }
      this.#counts.set(name, places)
    }
    places[place] += difference
  }

  move(name: string, from: Place, to: Place): void {
    this.add(name, from, -1)
    this.add(name, to, 1)
  }

  /** @param running jobs of a name that run */
  async byName(running: (name: string) => number): Promise<Map<string, JobCounts>> {
    await this.#counting
    const result = new Map<string, JobCounts>()
    for (const [name, { live, ...places }] of this.#counts) {
      const counts = { ...places, running: running(name), waiting: live - running(name) }
      if (Object.values(counts).some((count) => count > 0)) result.set(name, counts)
    }
    return result
  }

  /** How many have ended so, of all names. */
  async ended(status: FinishedStatus): Promise<number> {
    await this.#counting
    let sum = 0
    for (const places of this.#counts.values()) sum += places[status]
    return sum
  }

  #countKey(key: Buffer): void {
    const { letter, text } = parseKey(key)
    if (letter === 'J') this.add(nameOfJob(text), 'live', 1)
    else if (letter === 'D') this.add(nameOfJob(text), 'delayed', 1)
    else {
      const { status, id } = parseEndKey(key)
      const place = FINISHED.find((name) => name.startsWith(status))
      if (place !== undefined) this.add(nameOfJob(id), place, 1)
    }
  }
}
