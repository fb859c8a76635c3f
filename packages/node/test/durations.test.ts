import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatDuration, parseDuration } from '../src/config/durations.ts'

describe('a duration', () => {
  it.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['3d', 259_200_000],
    ['1w', 604_800_000],
    ['1.5h', 5_400_000],
    ['0s', 0],
    [' 4s ', 4_000],
  ])('%j is %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it('that is written is read back the same', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (ms) => parseDuration(formatDuration(ms)) === ms))
  })

  it('is written in the largest unit that it is whole in', () => {
    expect([0, 1_500, 90_000, 86_400_000, 30 * 86_400_000, 604_800_000].map(formatDuration)).toEqual([
      ...['0ms', '1500ms', '90s', '1d', '30d', '1w'],
    ])
  })

  it.each(['', 's', '-1s', '1 s', '10M', '1h30m', '1e3s', '10y', `${'9'.repeat(15)}w`, 'NaNs', '١s'])(
    '%j is none',
    (text) => {
      expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'ERR_DURATION' }))
    },
  )

  it('needs a unit, and the message says which there are', () => {
    expect(() => parseDuration('10')).toThrow('add a unit: 10s, or ms, m, h, d, w')
  })
})
