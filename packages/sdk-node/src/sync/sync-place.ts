import type { Cursor, LogId, LogRange } from '@pastel-mesh/protocol'

/** A range of a log, and the channel of the log. */
export interface ChannelRange extends LogRange {
  readonly channel: string
  /** The peer that announced it wrote it itself: until it is here, the peer must keep it. */
  readonly isHolders?: boolean
}

interface Wanted {
  range: ChannelRange
  pauseMs: number
  dueMs: number
}

/** Ranges of one peer that are remembered; above it what is announced is looked at again from its beginning. */
const MAX_WANTED = 4096

/** Pause before a range that did not come is asked for again; doubled each time. */
const MIN_PAUSE_MS = 1_000
const MAX_PAUSE_MS = 10 * 60_000

/**
 * Where this node stands in one peer's arrival order, in memory: a checkpoint for each set of channels that is
 * read together, and the ranges before it which the peer announced and which did not come, because it did not
 * have them or because they were not taken. Those are asked for again, less and less often, so that they keep
 * nothing out.
 */
export class SyncPlace {
  readonly #checkpoints = new Map<string, Cursor>()
  readonly #stored = new Map<string, Cursor>()
  readonly #wanted = new Map<LogId, Wanted>()
  #generation = 0

  /** Changes when the place is forgotten. */
  get generation(): number {
    return this.#generation
  }

  /** What was taken for stored may not be: everything is looked at again. */
  forget(): void {
    this.#generation += 1
    this.#checkpoints.clear()
    this.#stored.clear()
    this.#wanted.clear()
  }

  /** Leaves out what belongs to other channels. */
  keep(groups: readonly (readonly string[])[]): void {
    const keys = new Set(groups.map(keyOf))
    for (const places of [this.#checkpoints, this.#stored]) {
      for (const key of places.keys()) if (!keys.has(key)) places.delete(key)
    }
    const channels = new Set(groups.flat())
    for (const [log, { range }] of this.#wanted) if (!channels.has(range.channel)) this.#wanted.delete(log)
  }

  checkpoint(channels: readonly string[]): Cursor | undefined {
    return this.#checkpoints.get(keyOf(channels))
  }

  advance(channels: readonly string[], cursor: Cursor): void {
    this.#checkpoints.set(keyOf(channels), cursor)
  }

  /**
   * Up to where all that the peer itself wrote is stored here, or not wanted: the checkpoint, when nothing of it
   * is still to come; else where that was so last.
   */
  stored(channels: readonly string[]): Cursor | undefined {
    const key = keyOf(channels)
    const names = new Set(channels)
    const checkpoint = this.#checkpoints.get(key)
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
    this.#wanted.set(range.log, { range: merged(range, before?.range), pauseMs, dueMs: nowMs + pauseMs })
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

  /** A range is here. */
  settle(log: LogId): void {
    this.#wanted.delete(log)
  }
}

/** A range; it is the peer's own if it was announced as such once. */
function merged(range: ChannelRange, other: ChannelRange | undefined): ChannelRange {
  return other?.isHolders === true ? { ...range, isHolders: true } : range
}

function keyOf(channels: readonly string[]): string {
  return channels.join('\n')
}
