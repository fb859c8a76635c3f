import type { MessageStore, ValueChange } from '@pastel-mesh/storage'
import { decodeKept, encodeKept, type KeptRecord } from './kept-place-codec.ts'
import { SyncPlace } from './sync-place.ts'

export interface KeptPlacesOptions {
  /** How long changes gather before they are written, in ms. @default 5 seconds */
  readonly gatherMs?: number
}

export interface KeptPlacesComponents {
  readonly store: MessageStore
}

interface Kept {
  readonly place: SyncPlace
  /** The revision that is on the disk. */
  revision: number
}

/** Names of the values that hold places begin so. */
const PREFIX = 'sync/'

/** Peers whose places are remembered, so that their return costs no look at all they have; the oldest are forgotten. */
const MAX_PLACES = 256

/** What changes together is written together: what a crash undoes is looked at once more. */
const GATHER_MS = 5_000
/** A store that did not take it may be full, or be opened anew. */
const RETRY_MS = 30_000
/** Places of one commit. */
const MAX_CHANGES = 32
/** The largest value that the store takes. A place that needs more is not kept: all its peer has is looked at again. */
const MAX_BYTES = 64 * 1024

/**
 * Where this node stands in the orders of its peers, by their names, in memory and on the disk. The disk is never
 * ahead of the messages: what a place says is here was written before it. It knows them by the end of this node's
 * own order; in a restored copy, or another store, nothing of it counts.
 */
export class KeptPlaces {
  readonly #gatherMs: number
  readonly #store: MessageStore
  /** The peer that was connected last is at the end. */
  readonly #places = new Map<string, Kept>()
  /** On the disk, and not remembered any more. */
  readonly #gone = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor({ gatherMs = GATHER_MS }: KeptPlacesOptions, { store }: KeptPlacesComponents) {
    this.#gatherMs = gatherMs
    this.#store = store
  }

  /** Reads what was kept. What cannot be read is forgotten: everything of that peer is looked at again. */
  async start(): Promise<void> {
    this.#isStopped = false
    await this.#load().catch(() => {})
    this.#trim(new Set())
    if (this.#gone.size > 0) this.#schedule(this.#gatherMs)
  }

  async #load(): Promise<void> {
    const found: { name: string; record: KeptRecord }[] = []
    for await (const [value, bytes] of this.#store.values.read(PREFIX)) {
      const name = value.slice(PREFIX.length)
      const record = decodeKept(bytes)
      if (record === undefined || (await this.#store.checkCursor(record.own)) === 'foreign')
        this.#gone.add(name)
      else found.push({ name, record })
    }
    found.sort((one, other) => one.record.writtenAtMs - other.record.writtenAtMs)
    for (const { name, record } of found) {
      const place = new SyncPlace(record.place)
      if (!this.#places.has(name)) this.#places.set(name, { place, revision: place.revision })
    }
  }

  /** What changed last is on the disk then, if the store takes it. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#writeNext().catch(() => {})
  }

  /**
   * The place of a peer that is connected now.
   * @param connected the names of those that are: theirs are not forgotten
   */
  open(name: string, connected: ReadonlySet<string>): SyncPlace {
    const kept = this.#places.get(name) ?? { place: new SyncPlace(), revision: 0 }
    this.#places.delete(name)
    this.#places.set(name, kept)
    this.#gone.delete(name)
    this.#trim(connected)
    return kept.place
  }

  get(name: string): SyncPlace | undefined {
    return this.#places.get(name)?.place
  }

  *all(): Generator<SyncPlace> {
    for (const { place } of this.#places.values()) yield place
  }

  /** Some places may have changed. */
  changed(): void {
    if (this.#timer !== undefined || this.#isStopped) return
    for (const { place, revision } of this.#places.values()) {
      if (place.revision !== revision) {
        this.#schedule(this.#gatherMs)
        return
      }
    }
  }

  #trim(connected: ReadonlySet<string>): void {
    for (const name of this.#places.keys()) {
      if (this.#places.size <= MAX_PLACES) break
      if (connected.has(name)) continue
      this.#places.delete(name)
      this.#gone.add(name)
    }
  }

  #schedule(pauseMs: number): void {
    if (this.#isStopped) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#writeNext().then(
        () => this.changed(),
        () => this.#schedule(RETRY_MS),
      )
    }, pauseMs)
  }

  /** One at a time. */
  #writeNext(): Promise<void> {
    const writing = this.#writing.catch(() => {}).then(() => this.#write())
    this.#writing = writing
    return writing
  }

  async #write(): Promise<void> {
    const { writer, values } = this.#store
    for (;;) {
      const changed = [...this.#places]
        .filter(([, { place, revision }]) => place.revision !== revision)
        .slice(0, MAX_CHANGES)
        // As they are now: what changes while it is written is written the next time.
        .map(([name, kept]) => ({ name, kept, revision: kept.place.revision, place: kept.place.copy() }))
      const gone = [...this.#gone].slice(0, MAX_CHANGES)
      if (changed.length + gone.length === 0) return
      // What they say is here may be on its way to the disk: it is there then.
      await writer.flush()
      const own = await this.#store.cursorAt(this.#store.end)
      const changes: ValueChange[] = gone.map((name) => ({ name: PREFIX + name }))
      for (const { name, place } of changed) {
        const value = encodeKept({ own, writtenAtMs: Date.now(), place })
        changes.push({ name: PREFIX + name, ...(value.length > MAX_BYTES ? {} : { value }) })
      }
      await values.write(changes)
      for (const { kept, revision } of changed) kept.revision = revision
      for (const name of gone) if (!this.#places.has(name)) this.#gone.delete(name)
    }
  }
}
