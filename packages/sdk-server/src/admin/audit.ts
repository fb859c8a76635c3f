import { z } from 'zod'
import { adminProcedure, router } from '../trpc.ts'

/** Entries of one answer: two kilobytes each at most. */
const MAX_ENTRIES = 500

/** What was changed by the API, and by whom. */
export const audit = router({
  /** The newest first; `before` is the number of the last one of the page before. */
  list: adminProcedure
    .input(
      z
        .strictObject({
          limit: z.number().int().min(1).max(MAX_ENTRIES).default(100),
          before: z.number().int().min(1).optional(),
        })
        .prefault({}),
    )
    .query(({ input: { limit, before }, ctx }) => ctx.audit.list(limit, before)),
})
