import { createHash } from 'node:crypto'
import type { Bookmark, QueuePauses, Schedule } from '../driver.ts'
import type { BullQueue, BullServer } from './bull-server.ts'

/** An entry of the registry: a job that nothing ever runs. */
interface Entry {
  /** Of a name, or of all. */
  readonly isPaused?: boolean
  /** Of a bookmark, or a schedule that has ended. */
  readonly value?: string
}

const REGISTRY = '~names'
const ALL = 'all'
/** How often a pause that somebody else changes at the same time is looked at again. */
const MAX_ROUNDS = 5
/** By priority, Bull removes an entry without looking through all others. */
const OPTIONS = { priority: 1 }

/**
 * The names there are on the server, for all nodes, with what was paused, the bookmarks, and the schedules that have
 * ended: in a queue of Bull's that nothing processes, because that is what both kinds of servers have.
 */
export class Names {
  readonly #server: BullServer
  readonly #registry: BullQueue<Entry>
  readonly #queues = new Map<string, BullQueue>()
  readonly #known = new Map<string, Promise<void>>()

  constructor(server: BullServer) {
    this.#server = server
    this.#registry = server.queue<Entry>(REGISTRY)
  }

  /** The queue of a name, or one beside it. */
  queue(name: string): BullQueue {
    let queue = this.#queues.get(name)
    if (queue === undefined) {
      queue = this.#server.queue(name)
      this.#queues.set(name, queue)
    }
    return queue
  }

  /** Resolves when the server knows a name. */
  know(name: string): Promise<void> {
    let known = this.#known.get(name)
    if (known === undefined) {
      known = (async () => {
        const isNew = (await this.#registry.getJob(nameEntry(name))) === undefined
        if (isNew) await this.#registry.add(name, {}, { ...OPTIONS, jobId: nameEntry(name) })
        // Everything may have been paused: that goes for it as well. Whoever made it known may have died before this.
        if (isNew || (await this.#isPaused(ALL))) await this.#applyPause(name)
      })()
      this.#known.set(name, known)
      known.catch(() => this.#known.delete(name))
    }
    return known
  }

  /** Whether the server knows a name. */
  async has(name: string): Promise<boolean> {
    return this.#known.has(name) || (await this.#registry.getJob(nameEntry(name))) !== undefined
  }

  async all(): Promise<string[]> {
    const ids = await this.#registry.getRanges(['prioritized'], 0, -1, true)
    return ids
      .filter((id) => id.startsWith('n-'))
      .map((id) => id.slice(2))
      .sort()
  }

  async pauses(): Promise<QueuePauses> {
    const names: string[] = []
    for (const job of await this.#registry.getJobs(['prioritized'], 0, -1, true)) {
      if (job.id?.startsWith('n-') && job.data.isPaused === true) names.push(job.id.slice(2))
    }
    return { all: await this.#isPaused(ALL), names: names.sort() }
  }

  async setPaused(name: string | undefined, isPaused: boolean): Promise<void> {
    if (name !== undefined) await this.know(name)
    await this.#put(name === undefined ? ALL : nameEntry(name), { isPaused })
    const names = name === undefined ? await this.all() : [name]
    await Promise.all(names.map((each) => this.#applyPause(each)))
  }

  async bookmark(name: string): Promise<string | undefined> {
    return (await this.#registry.getJob(bookmarkEntry(name)))?.data.value
  }

  async setBookmark({ name, value }: Bookmark): Promise<void> {
    await this.#put(bookmarkEntry(name), { value })
  }

  async keepEnded(schedule: Schedule): Promise<void> {
    await this.#put(scheduleEntry(schedule.id), { value: JSON.stringify(schedule) })
  }

  /** @returns false if there is none */
  async forgetEnded(id: string): Promise<boolean> {
    const entry = scheduleEntry(id)
    if ((await this.#registry.getJob(entry)) === undefined) return false
    await this.#registry.remove(entry)
    return true
  }

  async ended(): Promise<Schedule[]> {
    const ids = await this.#registry.getRanges(['prioritized'], 0, -1, true)
    const entries = await Promise.all(
      ids.filter((id) => id.startsWith('s-')).map((id) => this.#registry.getJob(id)),
    )
    return entries.flatMap((job) => (job?.data.value === undefined ? [] : [JSON.parse(job.data.value)]))
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#known.values())
    await Promise.all([this.#registry, ...this.#queues.values()].map((queue) => queue.close()))
  }

  /** Does what the registry says; again, if that has changed meanwhile. */
  async #applyPause(name: string): Promise<void> {
    const queue = this.queue(name)
    const isWanted = async () => (await this.#isPaused(ALL)) || (await this.#isPaused(nameEntry(name)))
    let isPaused = await isWanted()
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      await (isPaused ? queue.pause() : queue.resume())
      const isNow = await isWanted()
      if (isNow === isPaused) return
      isPaused = isNow
    }
  }

  async #isPaused(id: string): Promise<boolean> {
    return (await this.#registry.getJob(id))?.data.isPaused === true
  }

  async #put(id: string, entry: Entry): Promise<void> {
    const there = await this.#registry.getJob(id)
    if (there !== undefined) return there.updateData(entry)
    await this.#registry.add(id, entry, { ...OPTIONS, jobId: id })
    // Somebody else may have added it just before: then nothing was.
    await (await this.#registry.getJob(id))?.updateData(entry)
  }
}

function nameEntry(name: string): string {
  return `n-${name}`
}

function scheduleEntry(id: string): string {
  return `s-${id}`
}

function bookmarkEntry(name: string): string {
  return `b-${createHash('sha256').update(name).digest('base64url')}`
}
