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

/**
 * Entries that a follower goes on with when some were removed since it began to read: an iteration keeps what is removed
 * on the disk. At each new one it is told.
 */
const MAX_STALE = 1024

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
  /** What was removed when it began to read from disk the last time: of what was removed later it has still to be told. */
  let knownRemovals = removals()
  let isTold = false
  let isMissing = false
  /** A floor that the reader has still to pass. */
  let passing: number | undefined
  /**
   * What was removed ahead of the reader. It is told once in a reading, before the next entry, for some may be gone
   * before that; before each entry in front of which some went while it read, and no other, however much is being
   * removed; and once more where the reader passes the floor, if it comes there later, with what it had read already or
   * what was kept. So nothing is missing where nothing was told, and no place goes back.
   */
  const removed = (next: number): RemovedNotice | undefined => {
    const now = floor()
    if (!isTold && removals() !== knownRemovals && position < now) {
      isTold = true
      passing = now
    } else if (!isMissing && (passing === undefined || next < passing)) return undefined
    isMissing = false
    const told = Math.min(next, passing ?? next)
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
      // From here on nothing is missing.
      passing = undefined
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
      isTold = false
      isMissing = false
      const missing = () => {
        isMissing = true
      }
      try {
        for await (const entry of reader.read(
          { from: position, to: end, channel, sender, signal },
          missing,
        )) {
          const notice = removed(entry.position)
          if (notice !== undefined) yield notice
          position = entry.position + entry.count
          yield entry
          if (removals() !== removalsBefore) stale += 1
          if (stale === MAX_STALE) break
        }
        if (stale < MAX_STALE) {
          const rest = removed(end)
          if (rest !== undefined) yield rest
          position = Math.max(position, end)
        }
        knownRemovals = removalsBefore
      } catch (error) {
        // Closed to be opened anew, if not for good: the next round tells.
        if (!isStoreUnavailable(error)) throw error
      }
    }
  }
}
