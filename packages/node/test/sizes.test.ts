import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatSize, parseSize } from '../src/config/sizes.ts'

describe('a size', () => {
  it.each([
    ['512', 512],
    ['0', 0],
    ['7B', 7],
    ['64KiB', 65_536],
    ['64 kib', 65_536],
    ['10MB', 10_000_000],
    ['10kB', 10_000],
    ['1.5GiB', 1_610_612_736],
    ['2TiB', 2 ** 41],
  ])('%j is %i bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  it('that is written is read back the same', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (bytes) => parseSize(formatSize(bytes)) === bytes))
    fc.assert(
      fc.property(fc.nat(9_999), (count) => parseSize(formatSize(count * 2 ** 30)) === count * 2 ** 30),
    )
  })

  it('is written in the largest unit that it is whole in', () => {
    expect([0, 512, 65_536, 10_000_000, 1.5 * 2 ** 30].map(formatSize)).toEqual([
      ...['0', '512', '64KiB', '10MB', '1536MiB'],
    ])
  })

  it.each(['', 'MiB', '-1', '1.5', '1.5B', '10M', '1e3', '0x10', '10 apples', `${'9'.repeat(16)}TiB`])(
    '%j is none',
    (text) => {
      expect(() => parseSize(text)).toThrow(expect.objectContaining({ code: 'ERR_SIZE' }))
    },
  )
})
