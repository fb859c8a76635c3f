import type { StoredEntry } from '@pastel-mesh/storage'
import { z } from 'zod'
import { type Context, operatorProcedure, router, viewerProcedure } from '../trpc.ts'

/** A call waits so long for what may take longer: well below what clients and proxies wait for an answer. */
const MAX_WAIT_MS = 20_000
/** A stretch is ended, however much is left; it can be begun again. */
const MAX_COMPACT_MS = 60 * 60_000

const waitMs = z.number().int().min(0).max(MAX_WAIT_MS).default(MAX_WAIT_MS)

/** What is on the disk, and what is done to it. */
export const store = router({
  /** How large it is, from when to when it goes, and what keeps something from being removed. */
  size: viewerProcedure.query(({ ctx }) => readSize(ctx)),

  /** What is kept and for how long, and what the last run removed. */
  retention: viewerProcedure.query(({ ctx }) => ctx.node.retention.status),

  /** Removes now what is to be removed; `pruned` is absent if that takes longer than `waitMs`: then it goes on. */
  prune: operatorProcedure.input(z.strictObject({ waitMs }).prefault({})).mutation(async ({ input, ctx }) => {
    const running = ctx.node.retention.run()
    const pruned = await within(running, input.waitMs, ctx)
    return { isRunning: pruned === undefined, ...(pruned === undefined ? {} : { pruned }) }
  }),

  /**
   * Rewrites the files of the database without what was removed, which it would do by and by as well. `compacted` is absent
   * if that takes longer than `waitMs`: then it goes on, for `maxMs` at most.
   */
  compact: operatorProcedure
    .input(
      z
        .strictObject({
          waitMs,
          maxMs: z.number().int().min(1).max(MAX_COMPACT_MS).optional(),
        })
        .prefault({}),
    )
    .mutation(async ({ input, ctx }) => {
      const { maxMs } = input
      const running = ctx.store.maintenance.compact(maxMs === undefined ? {} : { maxMs })
      const compacted = await within(running, input.waitMs, ctx)
      return { isRunning: compacted === undefined, ...(compacted === undefined ? {} : { compacted }) }
    }),
})

async function readSize({ node, store }: Context) {
  const { maintenance, sizes, end, floor, disk } = store
  const { compactingSinceMs, lastCompaction } = maintenance
  const { totalBatches, totalBytes, ownBatches, ownBytes } = store.carriedBytes()
  const { last } = node.retention.status
  const [diskBytes, oldest, newest] = await Promise.all([
    maintenance.diskBytes(),
    firstOf(store.read({})),
    firstOf(store.read({ reverse: true })),
  ])
  return {
    /** Of the files of the database, jobs and the rest included. */
    diskBytes,
    messages: sizes.storedMessages,
    batches: sizes.storedBatches,
    /** Of signed batches and their entries. */
    storedBytes: sizes.storedBytes,
    held: { batches: sizes.heldBatches, bytes: sizes.heldBytes },
    /** What stays, however old it is, until somebody else has it. */
    pinned: {
      /** Direct messages of this node that are not delivered. */
      undelivered: { batches: ownBatches, bytes: ownBytes },
      /** Those of others, which it keeps as a mailbox. */
      carried: { batches: totalBatches, bytes: totalBytes },
      /** What the last run of retention left for that reason; absent: it has not run since the start. */
      ...(last?.pruned === undefined ? {} : { leftByRetention: last.pruned.pinned }),
    },
    /** Positions of the arrival order; below `floor` entries may have been removed. */
    floor,
    end,
    /** When the first and the last of what is stored came in, in ms since 1970; absent: nothing is stored. */
    ...(oldest === undefined ? {} : { oldestAtMs: oldest.receivedAtMs }),
    ...(newest === undefined ? {} : { newestAtMs: newest.receivedAtMs }),
    disk: disk.status,
    compaction: {
      ...(compactingSinceMs === undefined ? {} : { runningSinceMs: compactingSinceMs }),
      /** The last one since the start. */
      ...(lastCompaction === undefined ? {} : { last: lastCompaction }),
    },
  }
}

async function firstOf(entries: AsyncGenerator<StoredEntry>): Promise<StoredEntry | undefined> {
  for await (const entry of entries) return entry
  return undefined
}

/** What something comes to; undefined if it takes longer: then its failure is told to the log. */
async function within<T>(running: Promise<T>, waitMs: number, { onError }: Context): Promise<T | undefined> {
  const late = Symbol('late')
  const { promise, resolve } = Promise.withResolvers<typeof late>()
  const timer = setTimeout(() => resolve(late), waitMs)
  try {
    const first = await Promise.race([running, promise])
    if (first !== late) return first as T
    running.catch((error: Error) => onError(error))
    return undefined
  } finally {
    clearTimeout(timer)
  }
}
