import type { AddedJob, NewJob } from '../driver.ts'
import type { JobStore } from './job-store.ts'
import * as keys from './keys.ts'

/**
 * Which job has a dedup key. It is on disk with its job, and goes with it; what is on its way there is known here, so
 * that two who add one at once get one job.
 */
export class DedupKeys {
  readonly #store: JobStore
  /** The id of the job that has the key, as soon as that is on disk. */
  readonly #coming = new Map<string, Promise<string>>()

  constructor({ store }: { readonly store: JobStore }) {
    this.#store = store
  }

  /**
   * Adds the jobs whose keys nobody has.
   * @param ids that they get then
   * @param put puts those with these indices on disk
   */
  async add(
    jobs: readonly NewJob[],
    ids: readonly string[],
    put: (indices: ReadonlySet<number>) => Promise<void>,
  ): Promise<AddedJob[]> {
    const { promise: stored, resolve, reject } = Promise.withResolvers<Map<string, string>>()
    stored.catch(() => {})
    const mine = new Map<string, number>()
    const others = new Map<number, Promise<string>>()
    const unkeyed: number[] = []
    for (const [index, { name, dedupKey }] of jobs.entries()) {
      if (dedupKey === undefined) {
        unkeyed.push(index)
        continue
      }
      const key = `${name}:${dedupKey}`
      const coming = this.#coming.get(key)
      if (coming !== undefined) others.set(index, coming)
      else {
        mine.set(key, index)
        const id = stored.then((byKey) => byKey.get(key) ?? '')
        id.catch(() => {})
        this.#coming.set(key, id)
      }
    }
    try {
      const there = await this.#stored(mine, jobs)
      const fresh = [...mine].filter(([key]) => !there.has(key)).map(([, index]) => index)
      await put(new Set([...fresh, ...unkeyed]))
      const byKey = new Map([...mine].map(([key, index]) => [key, there.get(key) ?? ids[index] ?? '']))
      resolve(byKey)
      const added = jobs.map(({ name, dedupKey }, index) => {
        const id = dedupKey === undefined ? ids[index] : byKey.get(`${name}:${dedupKey}`)
        return { id: id ?? '', isDuplicate: id !== ids[index] }
      })
      for (const [index, id] of others) added[index] = { id: await id, isDuplicate: true }
      return added
    } catch (error) {
      reject(error)
      throw error
    } finally {
      for (const key of mine.keys()) this.#coming.delete(key)
    }
  }

  async #stored(mine: ReadonlyMap<string, number>, jobs: readonly NewJob[]): Promise<Map<string, string>> {
    const entries = [...mine]
    const values = await this.#store.database.getMany(
      entries.map(([, index]) => keys.dedupKey(jobs[index]?.name ?? '', jobs[index]?.dedupKey ?? '')),
    )
    const found = new Map<string, string>()
    for (const [index, [key]] of entries.entries()) {
      const value = values[index]
      if (value !== undefined) found.set(key, value.toString())
    }
    return found
  }
}
