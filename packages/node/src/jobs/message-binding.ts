import { setTimeout as delay } from 'node:timers/promises'
import { MeshError } from '@pastel-mesh/identity'
import type { AddOptions, Queue } from '@pastel-mesh/queue'
import type {
  CursorNotice,
  LostNotice,
  MeshNode,
  ReceivedEntry,
  ReceivedMessage,
} from '@pastel-mesh/sdk-node'
import type { BindingStatus } from '@pastel-mesh/sdk-server'
import { formatCursor, type MessageStore } from '@pastel-mesh/storage'
import { BindingStanding } from './binding-standing.ts'
import { Entries } from './entries.ts'
import { follow, stored } from './message-source.ts'

export interface MessageBindingOptions {
  /** Where the first start begins: with what is stored, or with what comes. Later starts go on. @default 'now' */
  readonly from?: 'start' | 'now'
  /** Of the jobs. */
  readonly job?: Pick<AddOptions, 'priority' | 'retry' | 'timeoutMs'>
  /** Told of messages that are not there, and of cursors: see `MeshNode.subscribe`. @default counted */
  readonly onNotice?: (notice: LostNotice | CursorNotice) => void
  /** Longest pause between two attempts at what does not succeed, in ms. @default 60,000 */
  readonly maxPauseMs?: number
  /** How often the bookmark is moved up over what is of other sources, in ms. @default 10 minutes */
  readonly moveUpMs?: number
}

/** What one binding is. */
export interface BindingParts extends MessageBindingOptions {
  /** `inbox`, or `topic/<name>`. */
  readonly source: string
  readonly jobName: string
  /** The data of a message's job; undefined: it makes none. */
  readonly toData: (message: ReceivedMessage, standing: BindingStanding) => unknown
}

export interface MessageBindingComponents {
  readonly node: Pick<MeshNode, 'pastelId' | 'subscribe' | 'inbox' | 'messages'>
  readonly store: Pick<MessageStore, 'end' | 'cursorAt'>
  readonly queue: Queue
  readonly onError: (error: Error) => void
}

/** What was read and is not in the queue yet. */
interface Page {
  readonly jobs: { readonly data: unknown; readonly message: ReceivedMessage; readonly cursor: string }[]
  /** Behind the last of what was read. */
  cursor: string
  /** Of the messages and of the data that they make. */
  sizeBytes: number
}

/** Messages that become jobs in one commit, and bytes of them: as large as a commit of messages gets. */
const MAX_PAGE_JOBS = 512
const MAX_PAGE_BYTES = 4 * 1024 * 1024
/** Whatever is in the way is looked for again soon, and then less and less often. */
const MIN_PAUSE_MS = 100
const DEFAULT_MAX_PAUSE_MS = 60_000
/** Long before retention passes a bookmark of a source where nothing happens. */
const DEFAULT_MOVE_UP_MS = 10 * 60_000
/** What the data of one job can be refused for: it would be refused again, and with it the whole page. */
const REFUSED_JOB = new Set(['ERR_JOB_DATA', 'ERR_JOB_OPTIONS', 'ERR_JOB_NAME'])

/**
 * Makes a job of each message of a source, from a bookmark on that the queue keeps.
 *
 * ```
 *   start ──▶ bookmark read, or made ──▶ reading ── a page is there, or nothing more ──▶ adding ──▶ reading
 *                     ▲                     │                                               │
 *                     │                     └── map threw, reading or adding failed ◀───────┘
 *                     └────── a pause, twice as long each time ◀──┘
 * ```
 *
 * The jobs of a page and the bookmark behind it are one commit, where the driver can do that. Whatever fails, what was
 * read and not added is let go of, and read again from the bookmark that is on disk: also after a commit of which nobody
 * knows how it ended. Where jobs and bookmark are no one commit, a job has its message's id as the dedup key.
 */
export class MessageBinding {
  readonly #parts: BindingParts
  readonly #components: MessageBindingComponents
  readonly #standing: BindingStanding
  readonly #name: string
  #stopping = new AbortController()
  #running: Promise<void> | undefined

  constructor(parts: BindingParts, components: MessageBindingComponents) {
    this.#parts = parts
    this.#components = components
    const { source, jobName } = parts
    this.#standing = new BindingStanding({ source, job: jobName }, components)
    const place = `${source}/${jobName}`
    // A server's bookmarks are those of all the nodes that use it.
    const { commitsBookmarks } = components.queue
    this.#name = commitsBookmarks ? `jobs/${place}` : `jobs/${components.node.pastelId}/${place}`
  }

  async start(): Promise<void> {
    if (this.#running !== undefined) return
    this.#stopping = new AbortController()
    // What comes from now on belongs to it, also if the bookmark cannot be written yet.
    this.#running = this.#run(this.#components.store.end, this.#stopping.signal)
  }

  /** What is being added is added; nothing more is read. */
  async stop(): Promise<void> {
    this.#stopping.abort(new MeshError('ERR_STOPPED', 'the binding stops'))
    await this.#running
    this.#running = undefined
  }

  async status(): Promise<BindingStatus> {
    return this.#standing.status((from, limit) =>
      stored(this.#parts.source, this.#components.node, { from, limit }),
    )
  }

  async #run(firstEnd: number, signal: AbortSignal): Promise<void> {
    const { maxPauseMs = DEFAULT_MAX_PAUSE_MS } = this.#parts
    while (!signal.aborted) {
      try {
        await this.#work(await this.#begin(firstEnd), signal)
      } catch (error) {
        if (signal.aborted) return
        const attempts = this.#standing.failed(error)
        const pauseMs = Math.min(maxPauseMs, MIN_PAUSE_MS * 2 ** Math.min(attempts - 1, 20))
        await delay(pauseMs, undefined, { signal }).catch(() => {})
      }
    }
  }

  /** The bookmark, which is made at the first start. */
  async #begin(firstEnd: number): Promise<string> {
    const { queue, store } = this.#components
    let cursor = await this.#unlessStopped(queue.bookmark(this.#name))
    if (cursor === undefined) {
      const { from = 'now' } = this.#parts
      cursor = from === 'start' ? from : formatCursor(await store.cursorAt(firstEnd))
      await this.#unlessStopped(queue.addMany([], { name: this.#name, value: cursor }))
    }
    this.#standing.at(cursor)
    return cursor
  }

  async #work(from: string, signal: AbortSignal): Promise<void> {
    const { source, moveUpMs = DEFAULT_MOVE_UP_MS } = this.#parts
    // Ends the reading whichever way this ends.
    const reading = new AbortController()
    const either = AbortSignal.any([signal, reading.signal])
    const entries = new Entries(follow(source, this.#components.node, { from, signal: either }))
    const idle = setInterval(() => entries.interrupt(), moveUpMs)
    try {
      let page: Page = { jobs: [], cursor: from, sizeBytes: 0 }
      for (;;) {
        const isNew = page.cursor !== this.#standing.cursor
        const entry = await (isNew ? entries.nextReady() : entries.next())
        signal.throwIfAborted()
        if (entry === undefined) {
          if (isNew) await this.#add(page)
          else await this.#moveUp(page)
          page = { jobs: [], cursor: this.#standing.cursor, sizeBytes: 0 }
          continue
        }
        await this.#take(entry, page, signal)
        if (page.jobs.length < MAX_PAGE_JOBS && page.sizeBytes < MAX_PAGE_BYTES) continue
        await this.#add(page)
        page = { jobs: [], cursor: page.cursor, sizeBytes: 0 }
      }
    } finally {
      clearInterval(idle)
      reading.abort(new MeshError('ERR_STOPPED', 'the reading ends'))
      entries.end()
    }
  }

  /** Puts the job of an entry, if it makes one, on the page. @throws what `map` threw: those before are added then */
  async #take(entry: ReceivedEntry, page: Page, signal: AbortSignal): Promise<void> {
    if (entry.kind !== 'message') {
      this.#standing.noticed(entry)
      try {
        this.#parts.onNotice?.(entry)
      } catch (error) {
        // To tell it again would hold up what is behind it for ever.
        this.#components.onError(error instanceof Error ? error : new Error(String(error)))
      }
      page.cursor = entry.cursor
      return
    }
    let data: unknown
    try {
      data = await endedBy(signal, this.#parts.toData(entry, this.#standing))
    } catch (error) {
      signal.throwIfAborted()
      if (page.cursor !== this.#standing.cursor) await this.#add(page)
      throw this.#standing.stuckAt(entry, error)
    }
    page.cursor = entry.cursor
    if (data === undefined) {
      this.#standing.skipped += 1
      return
    }
    page.jobs.push({ data, message: entry, cursor: entry.cursor })
    page.sizeBytes += entry.body.length + lengthOf(data)
  }

  /** The jobs of a page and the bookmark behind it. */
  async #add(page: Page): Promise<void> {
    try {
      await this.#addJobs(page.jobs, page.cursor)
    } catch (error) {
      if (!(error instanceof MeshError && REFUSED_JOB.has(error.code))) throw error
      // One of them it was, and those before it are added.
      for (const job of page.jobs) {
        await this.#addJobs([job], job.cursor).catch((cause) => {
          throw this.#standing.stuckAt(job.message, cause)
        })
      }
      await this.#addJobs([], page.cursor)
    }
  }

  async #addJobs(jobs: Page['jobs'], cursor: string): Promise<void> {
    const { queue } = this.#components
    const { jobName: name, job } = this.#parts
    const inputs = jobs.map(({ data, message }) => ({
      name,
      data,
      options: queue.commitsBookmarks ? { ...job } : { ...job, dedupKey: message.id },
    }))
    await this.#unlessStopped(queue.addMany(inputs, { name: this.#name, value: cursor }))
    this.#standing.at(cursor, jobs.length)
  }

  /**
   * A server that is gone may never answer: what was asked of it is not waited for any more, and found there, or not, at
   * the next start. What the node's database is asked for ends, and is waited for.
   */
  #unlessStopped<T>(asked: Promise<T>): Promise<T> {
    return this.#components.queue.commitsBookmarks ? asked : endedBy(this.#stopping.signal, asked)
  }

  /** Nothing came for long: the bookmark goes to the end, if there is nothing of the source before that. */
  async #moveUp({ cursor }: Page): Promise<void> {
    const { store, node } = this.#components
    const { end } = store
    if (this.#standing.position === end) return
    for await (const { kind } of stored(this.#parts.source, node, { from: cursor, limit: 1 })) {
      if (kind !== 'pruned' && kind !== 'foreign-cursor') return
    }
    await this.#addJobs([], formatCursor(await store.cursorAt(end)))
  }
}

/** Of the JSON that the queue makes of it; what it makes none of it refuses. */
function lengthOf(data: unknown): number {
  try {
    return JSON.stringify(data)?.length ?? 0
  } catch {
    return 0
  }
}

/** What a promise gives, unless the signal comes first. */
async function endedBy<T>(signal: AbortSignal, value: T | Promise<T>): Promise<T> {
  if (!(value instanceof Promise)) return value
  // Whoever does not wait for it does not hear how it fails either.
  value.catch(() => {})
  signal.throwIfAborted()
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const end = () => reject(signal.reason)
  signal.addEventListener('abort', end, { once: true })
  try {
    return await Promise.race([value, ended])
  } finally {
    signal.removeEventListener('abort', end)
  }
}
