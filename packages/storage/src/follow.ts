import type { ArrivalOrder } from './arrival-order.ts'
import type { ArrivalReader, FollowOptions } from './arrival-reader.ts'
import type { CommitWriter } from './commit-writer.ts'
import { isStoreUnavailable } from './errors.ts'
import { isAbout, type StoredEntry } from './stored-entry.ts'

/** Entries ahead of a follower were removed by retention, up to a position. */
export interface RemovedNotice {
  readonly kind: 'removed'
  readonly position: number
}

/** Batches that one wake of a follower takes from the tail. */
const FOLLOW_BATCHES = 64

/** Entries that a follower goes on with when some were removed since it began to read: before each it is told. */
const MAX_STALE = 64

/**
 * Reads the arrival order and goes on as it grows, across a reopening of the database.
 *
 * ```
 *   behind the tail ── read from disk up to the end ──▶ inside the tail ── all taken ──▶ at the end
 *          ▲  ▲                                             │     ▲                        │
 *          │  └──────── the tail moved on meanwhile ────────┘     └──── something came ────┘
 *          └─ reading was cut off by a reopening: after it, from the position reached
 * ```
 */
export async function* follow(
  components: {
    order: ArrivalOrder
    reader: ArrivalReader
    writer: CommitWriter
    /** Below it entries may have been removed. */
    floor: () => number
    /** Changes when entries begin to be removed, and when they are. */
    removals: () => number
  },
  { from = 0, channel, sender, signal }: FollowOptions,
): AsyncGenerator<StoredEntry | RemovedNotice> {
  const { order, reader, writer, floor, removals } = components
  let position = from
  let knownFloor = floor()
  /** Of what was removed so far the reader knows; undefined: it is to be told once more. */
  let knownRemovals: number | undefined = removals()
  /** A floor that the reader has still to pass. */
  let passing: number | undefined
  /**
   * What was removed ahead of the reader. It is told before the next entry, for some may be gone before that; and once
   * more where the reader passes the floor, if it comes there later, with what it had read already or what was kept. So
   * nothing is missing where nothing was told, and no place goes back. Below the floor what was kept may go, too.
   */
  const removed = (next: number): RemovedNotice | undefined => {
    const now = floor()
    const isNews = now > knownFloor || removals() !== knownRemovals
    knownRemovals = removals()
    if (isNews && position < now) passing = now
    else if (passing === undefined || next < passing) return undefined
    knownFloor = now
    const told = Math.min(next, passing)
    if (told === passing) passing = undefined
    return { kind: 'removed', position: told }
  }
  for (;;) {
    signal?.throwIfAborted()
    if (!writer.isOpen && !writer.isReopening) throw writer.unavailable()
    const { end } = order
    const live = order.tail.from(position, FOLLOW_BATCHES)
    if (position >= end || (live === undefined && writer.isReopening)) {
      await order.change(signal)
    } else if (live !== undefined) {
      for (const entry of live) {
        position = entry.position + entry.count
        if (isAbout(entry, channel, sender)) {
          signal?.throwIfAborted()
          yield entry
        }
      }
    } else {
      const removalsBefore = removals()
      let stale = 0
      try {
        for await (const entry of reader.read({ from: position, to: end, channel, sender, signal })) {
          // It may have been read before, and what is next after.
          if (removals() !== removalsBefore) {
            knownRemovals = undefined
            stale += 1
          }
          const notice = removed(entry.position)
          if (notice !== undefined) yield notice
          position = entry.position + entry.count
          yield entry
          if (stale === MAX_STALE) break
        }
        if (stale > 0) knownRemovals = undefined
        if (stale === MAX_STALE) continue
        const rest = removed(end)
        if (rest !== undefined) yield rest
        position = Math.max(position, end)
      } catch (error) {
        // Closed to be opened anew, if not for good: the next round tells.
        if (!isStoreUnavailable(error)) throw error
      }
    }
  }
}
