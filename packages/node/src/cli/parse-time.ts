import { InvalidArgumentError } from 'commander'

const UNITS_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** ISO 8601: a date, or a date and a time with `Z`, an offset, or nothing: UTC, in which times are shown. */
const ISO = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?<zone>Z|[+-]\d\d:\d\d)?)?$/

/**
 * A time as it is typed: `10m` ago (s, m, h, d, w), or ISO 8601. In ms since 1970.
 * @throws InvalidArgumentError
 */
export function parseTime(text: string, nowMs: number = Date.now()): number {
  const [, count, unit = ''] = /^(\d{1,9})([smhdw])$/.exec(text) ?? []
  const timeMs = count === undefined ? parseIso(text) : nowMs - Number(count) * (UNITS_MS[unit] as number)
  if (Number.isNaN(timeMs)) {
    throw new InvalidArgumentError('Give a time such as 30s, 10m, 2h, 3d, 1w (ago) or 2026-01-31T12:00:00Z.')
  }
  return Math.max(0, timeMs)
}

/**
 * A time to come as it is typed: `10m` from now, or ISO 8601. In ms since 1970, reckoned anew at each call.
 * @throws InvalidArgumentError
 */
export function parseExpiry(text: string): (nowMs?: number) => number {
  const [, count, unit = ''] = /^(\d{1,9})([smhdw])$/.exec(text) ?? []
  if (count !== undefined) return (nowMs = Date.now()) => nowMs + Number(count) * (UNITS_MS[unit] as number)
  const timeMs = parseIso(text)
  if (!Number.isNaN(timeMs)) return () => timeMs
  throw new InvalidArgumentError(
    'Give a time such as 30s, 10m, 2h, 3d, 1w (from now) or 2026-01-31T12:00:00Z.',
  )
}

function parseIso(text: string): number {
  const match = ISO.exec(text)
  if (match === null) return Number.NaN
  const isUtc = !text.includes('T') || match.groups?.zone !== undefined
  return Date.parse(isUtc ? text : `${text}Z`)
}
