import { setTimeout as delay } from 'node:timers/promises'
import { inboxChannel, textOf, topicChannel } from '@pastel-mesh/protocol'
import type { MeshNode, ReceivedEntry } from '@pastel-mesh/sdk-node'
import type { RecordFile } from '../record-file.ts'
import type { ShownRecord } from '../records.ts'

export interface ReaderOptions {
  readonly topics: readonly string[]
  /** Pause after each entry, in ms, until {@link Reader.hurry}. */
  readonly pauseMs: number
}

export interface ReaderComponents {
  readonly node: MeshNode
  readonly shown: RecordFile
}

/** Records that wait for the disk; then the readers wait. */
const MAX_WAITING = 256

/**
 * Reads every topic and the inbox as an application does: by cursor, which is kept with what was read, so that reading
 * goes on behind it after whatever happens.
 */
export class Reader {
  readonly #options: ReaderOptions
  readonly #components: ReaderComponents
  /** By channel. */
  readonly #cursors = new Map<string, string>()
  readonly #stopping = new AbortController()
  #isHurried = false
  #waiting: ShownRecord[] = []
  #writing: Promise<void> | undefined
  #running: Promise<unknown> = Promise.resolve()
  /** Ids of the messages that were shown, by channel, by this process and those before it. */
  readonly #shown = new Map<string, Set<string>>()

  constructor(options: ReaderOptions, before: readonly ShownRecord[], components: ReaderComponents) {
    this.#options = options
    this.#components = components
    for (const { channel, cursor } of before) this.#cursors.set(channel, cursor)
    this.#count(before)
  }

  /** How many messages were shown, by channel. */
  get shown(): Record<string, number> {
    return Object.fromEntries([...this.#shown].map(([channel, ids]) => [channel, ids.size]))
  }

  /** @param onError a reader failed: it must not look like one that has nothing to read */
  start(onError: (error: unknown) => void): void {
    const { node } = this.#components
    const { signal } = this.#stopping
    const inbox = inboxChannel(node.pastelId)
    const readers = [
      ...this.#options.topics.map((topic) => {
        const from = this.#cursors.get(topicChannel(topic)) ?? 'start'
        return this.#read(topicChannel(topic), node.subscribe(topic, { from, signal }))
      }),
      this.#read(inbox, node.inbox({ cursor: this.#cursors.get(inbox) ?? 'start', signal })),
    ]
    this.#running = Promise.all(
      readers.map((reader) =>
        reader.catch((error: unknown) => {
          if (!signal.aborted) onError(error)
        }),
      ),
    )
  }

  hurry(): void {
    this.#isHurried = true
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    await this.#writing
  }

  #count(records: readonly ShownRecord[]): void {
    for (const record of records) {
      if (record.kind !== 'message') continue
      const ids = this.#shown.get(record.channel) ?? new Set()
      this.#shown.set(record.channel, ids.add(record.id))
    }
  }

  async #read(channel: string, entries: AsyncGenerator<ReceivedEntry>): Promise<void> {
    const { signal } = this.#stopping
    for await (const entry of entries) {
      if (signal.aborted) return
      this.#waiting.push(toRecord(channel, entry))
      this.#writing ??= this.#write()
      if (this.#waiting.length >= MAX_WAITING) await this.#writing
      if (!this.#isHurried && this.#options.pauseMs > 0) {
        await delay(this.#options.pauseMs, undefined, { signal }).catch(() => {})
      }
    }
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const records = this.#waiting
      this.#waiting = []
      await this.#components.shown.append(records)
      this.#count(records)
    }
    this.#writing = undefined
  }
}

function toRecord(channel: string, entry: ReceivedEntry): ShownRecord {
  const { kind, cursor } = entry
  switch (kind) {
    case 'message': {
      const text = textOf(entry).split(' ', 3).join(' ')
      return { kind, channel, id: entry.id, text, isLate: entry.lostAt !== undefined, cursor }
    }
    case 'lost':
    case 'before-history': {
      const { log, first, last, reason } = entry
      return { kind, channel, log, first, last, reason, cursor }
    }
    default:
      return { kind, channel, cursor }
  }
}
