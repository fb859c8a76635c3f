import type { AddedJob, NewJob } from '../driver.ts'
import type { JobStore } from './job-store.ts'
import * as keys from './keys.ts'

/**
 * Which job has a dedup key. It is on disk with its job, and goes with it; what is on its way there is known here, so
 * that two who add one at once get one job.
 */
export class DedupKeys {
  readonly #store: JobStore
  /** Settles when whoever adds a job with the key has done so, or failed. */
  readonly #coming = new Map<string, Promise<void>>()

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
    const unkeyed: number[] = []
    const firsts = new Map<string, number>()
    for (const [index, { name, dedupKey }] of jobs.entries()) {
      const key = `${name}:${dedupKey}`
      if (dedupKey === undefined) unkeyed.push(index)
      else if (!firsts.has(key)) firsts.set(key, index)
    }
    // Before anything is put: should another fail, its keys are free, and nothing of these jobs is there yet.
    for (let others = this.#others(firsts); others.length > 0; others = this.#others(firsts)) {
      await Promise.all(others)
    }
    const { promise: settled, resolve: settle } = Promise.withResolvers<void>()
    for (const key of firsts.keys()) this.#coming.set(key, settled)
    try {
      const there = await this.#stored(firsts, jobs)
      const fresh = [...firsts].filter(([key]) => !there.has(key)).map(([, index]) => index)
      await put(new Set([...fresh, ...unkeyed]))
      return jobs.map(({ name, dedupKey }, index) => {
        const key = `${name}:${dedupKey}`
        const id = dedupKey === undefined ? ids[index] : (there.get(key) ?? ids[firsts.get(key) ?? index])
        return { id: id ?? '', isDuplicate: id !== ids[index] }
      })
    } finally {
      for (const key of firsts.keys()) this.#coming.delete(key)
      settle()
    }
  }

  /** Those who add a job with one of the keys now. */
  #others(keys: ReadonlyMap<string, number>): Promise<void>[] {
    return [...keys.keys()].flatMap((key) => this.#coming.get(key) ?? [])
  }

  async #stored(firsts: ReadonlyMap<string, number>, jobs: readonly NewJob[]): Promise<Map<string, string>> {
    const entries = [...firsts]
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
