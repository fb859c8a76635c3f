import { expect, test } from 'vitest'
import { parseTime } from '../src/cli/parse-time.ts'

const NOW_MS = Date.UTC(2026, 0, 31, 12)

test.each([
  ['30s', NOW_MS - 30_000],
  ['10m', NOW_MS - 600_000],
  ['2h', NOW_MS - 7_200_000],
  ['3d', NOW_MS - 3 * 86_400_000],
  ['1w', NOW_MS - 7 * 86_400_000],
  ['999999999w', 0],
  ['2026-01-31T12:00:00Z', NOW_MS],
  ['2026-01-31T13:00:00.000+01:00', NOW_MS],
  ['2026-01-31', NOW_MS - 12 * 3_600_000],
  ['2026-01-31T12:00', NOW_MS],
])('%s is a time', (text, timeMs) => {
  expect(parseTime(text, NOW_MS)).toBe(timeMs)
})

test.each(['', '10', 'm', '-1m', '1.5h', '10 m', 'now', '2026', '2026-13-01', '1e3s', 'Jan 1 2026'])(
  '"%s" is none',
  (text) => {
    expect(() => parseTime(text, NOW_MS)).toThrow('Give a time such as')
  },
)
