import { asBuffer, type Cursor, equalBytes, type LogId, type LogRange, sha256 } from '@pastel-mesh/protocol'

/** A range of a log, and the channel of the log. */
export interface ChannelRange extends LogRange {
  readonly channel: string
  /** Who wrote it: the logs of one sender in one channel follow each other. */
  readonly sender?: Uint8Array
  /** How far back it is wanted if nothing of the log is here, in ms since 1970. */
  readonly sinceMs?: number
  /** The peer that announced it wrote it itself: until it is here, the peer must keep it. */
  readonly isHolders?: boolean
}

/** Up to where a peer's order was read, by the history that was wanted when that began. */
export interface Checkpoint {
  readonly cursor: Cursor
  /** In ms since 1970; 0: all of it. */
  readonly sinceMs: number
}

/** A range that did not come, and how long it was left alone last. */
export interface WantedRange {
  readonly range: ChannelRange
  readonly pauseMs: number
}

interface Wanted extends WantedRange {
  range: ChannelRange
  dueMs: number
}

/** What outlives the process: checkpoints by the key of their channels, and what is wanted. */
export interface KeptPlace {
  readonly checkpoints: ReadonlyMap<string, Checkpoint>
  readonly wanted: readonly WantedRange[]
}

/** Bytes that stand for the channels that are read together. */
export const CHANNELS_KEY_BYTES = 16

/** Ranges of one peer that are remembered; above it what is announced is looked at again from its beginning. */
export const MAX_WANTED = 4096

/** Pause before a range that did not come is asked for again; doubled each time. */
export const MIN_PAUSE_MS = 1_000
export const MAX_PAUSE_MS = 10 * 60_000

/**
 * Where this node stands in one peer's arrival order: a checkpoint for each set of channels that is read together and
 * the history that is wanted of them, and the ranges before it which the peer announced and which did not come, because it did not
 * have them or because they were not taken. Those are asked for again, less and less often, so that they keep
 * nothing out.
 */
export class SyncPlace {
  readonly #checkpoints: Map<string, Checkpoint>
  readonly #stored = new Map<string, Cursor>()
  readonly #wanted = new Map<LogId, Wanted>()
  #generation = 0
  #revision = 0

  /** @param kept where it stood before; what is wanted is due now: much may have changed meanwhile */
  constructor(kept?: KeptPlace) {
    this.#checkpoints = new Map(kept?.checkpoints)
    for (const { range, pauseMs } of kept?.wanted ?? [])
      this.#wanted.set(range.log, { range, pauseMs, dueMs: 0 })
  }

  /** Changes when there is something to keep. */
  get revision(): number {
    return this.#revision
  }

  /** What is to be kept, as it is now. */
  copy(): KeptPlace {
    const wanted = [...this.#wanted.values()].map(({ range, pauseMs }) => ({ range, pauseMs }))
    return { checkpoints: new Map(this.#checkpoints), wanted }
  }

  /** Changes when the place is forgotten. */
  get generation(): number {
    return this.#generation
  }

  /** What was taken for stored may not be: everything is looked at again. */
  forget(): void {
    this.#generation += 1
    this.#revision += 1
    this.#checkpoints.clear()
    this.#stored.clear()
    this.#wanted.clear()
  }

  /** Leaves out what belongs to other channels. */
  keep(groups: readonly (readonly string[])[]): void {
    const keys = new Set(groups.map(keyOf))
    for (const places of [this.#checkpoints, this.#stored]) {
      for (const key of places.keys()) if (!keys.has(key) && places.delete(key)) this.#revision += 1
    }
    const channels = new Set(groups.flat())
    for (const { range } of this.#wanted.values()) if (!channels.has(range.channel)) this.settle(range)
  }

  /**
   * Where reading goes on.
   * @param sinceMs how far back the history is wanted now; one that was read by a shorter history is void
   */
  checkpoint(channels: readonly string[], sinceMs: number): Checkpoint | undefined {
    const checkpoint = this.#checkpoints.get(keyOf(channels))
    return checkpoint !== undefined && checkpoint.sinceMs <= sinceMs ? checkpoint : undefined
  }

  advance(channels: readonly string[], checkpoint: Checkpoint): void {
    const key = keyOf(channels)
    const before = this.#checkpoints.get(key)
    if (before?.sinceMs === checkpoint.sinceMs && isSame(before.cursor, checkpoint.cursor)) return
    this.#checkpoints.set(key, checkpoint)
    this.#revision += 1
  }

  /** The peer's order is another one: what was stored of the one before says nothing of it. */
  begunAnew(channels: readonly string[]): void {
    this.#stored.delete(keyOf(channels))
  }

  /**
   * Up to where all that the peer itself wrote is stored here, or not wanted: the checkpoint, when nothing of it
   * is still to come; else where that was so last.
   */
  stored(channels: readonly string[]): Cursor | undefined {
    const key = keyOf(channels)
    const names = new Set(channels)
    const checkpoint = this.#checkpoints.get(key)?.cursor
    const isComing = [...this.#wanted.values()].some(
      ({ range }) => range.isHolders === true && names.has(range.channel),
    )
    if (checkpoint !== undefined && !isComing) this.#stored.set(key, checkpoint)
    return this.#stored.get(key)
  }

  /** Whether a range waits for its time to be asked for again; if so, it is extended. */
  isWaiting(range: ChannelRange, nowMs: number): boolean {
    const wanted = this.#wanted.get(range.log)
    if (wanted === undefined) return false
    const last = Math.max(wanted.range.last, range.last)
    if (last > wanted.range.last) this.#revision += 1
    wanted.range = { ...merged(wanted.range, range), last }
    return wanted.dueMs > nowMs
  }

  /** The ranges whose time has come, in the order in which they were announced. */
  due(nowMs: number): ChannelRange[] {
    return [...this.#wanted.values()].filter(({ dueMs }) => dueMs <= nowMs).map(({ range }) => range)
  }

  /** A range did not come: later again. @returns false if there is no room to remember it */
  defer(range: ChannelRange, nowMs: number): boolean {
    const before = this.#wanted.get(range.log)
    if (before === undefined && this.#wanted.size >= MAX_WANTED) return false
    const pauseMs = before === undefined ? MIN_PAUSE_MS : Math.min(MAX_PAUSE_MS, before.pauseMs * 2)
    this.#revision += 1
    // What was asked for may have been a part of what is wanted.
    const last = before?.range.last ?? 0
    const wanted =
      last > range.last ? { ...merged(range, before?.range), last } : merged(range, before?.range)
    this.#wanted.set(range.log, { range: wanted, pauseMs, dueMs: nowMs + pauseMs })
    return true
  }

  /** Something new was said in a log: what is wanted of it is due now. */
  hurry(log: LogId): void {
    const wanted = this.#wanted.get(log)
    if (wanted !== undefined) wanted.dueMs = 0
  }

  /** What was not taken may be now: all that is wanted is due. */
  hurryAll(): void {
    for (const wanted of this.#wanted.values()) wanted.dueMs = 0
  }

  /** A range is here; what is wanted beyond it still is. */
  settle({ log, last }: LogRange): void {
    const wanted = this.#wanted.get(log)
    if (wanted === undefined) return
    this.#revision += 1
    if (wanted.range.last <= last) this.#wanted.delete(log)
    else wanted.range = { ...wanted.range, first: Math.max(wanted.range.first, last + 1) }
  }
}

/** A range; it is the peer's own if it was announced as such once. */
function merged(range: ChannelRange, other: ChannelRange | undefined): ChannelRange {
  return other?.isHolders === true ? { ...range, isHolders: true } : range
}

function keyOf(channels: readonly string[]): string {
  return asBuffer(sha256(Buffer.from(channels.join('\n'))).subarray(0, CHANNELS_KEY_BYTES)).toString('hex')
}

function isSame(one: Cursor, other: Cursor): boolean {
  return (
    one.position === other.position && equalBytes(one.store, other.store) && equalBytes(one.hash, other.hash)
  )
}
