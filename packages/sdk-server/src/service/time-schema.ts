import { z } from 'zod'

/** A time: ms since 1970, or ISO 8601 with `Z` or an offset; a date alone is its first moment in UTC. */
export const timeInput = z.union(
  [
    z.number().int().min(0),
    z.iso.datetime({ offset: true }).transform(Date.parse),
    z.iso.date().transform(Date.parse),
  ],
  { error: 'a time is ms since 1970, or ISO 8601 such as 2026-01-31T12:00:00Z' },
)
