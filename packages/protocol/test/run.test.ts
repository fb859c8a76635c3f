import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeRun } from '../src/index.ts'
import { bytes, time } from './arbitraries.ts'
import { hex } from './hex.ts'

describe('a run', () => {
  test('is its start time, big-endian, and 8 random bytes', () => {
    expect(hex(makeRun(0x18bcfe56800, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)))).toBe(
      '0000018bcfe568000102030405060708',
    )
    fc.assert(
      fc.property(time, bytes(8), (startedAtMs, random) => {
        const run = makeRun(startedAtMs, random)
        expect(run.length).toBe(16)
        expect(Number(Buffer.from(run).readBigUInt64BE())).toBe(startedAtMs)
        expect(hex(run.subarray(8))).toBe(hex(random))
      }),
    )
  })

  test('needs 8 random bytes', () => {
    expect(() => makeRun(1, new Uint8Array(7))).toThrow(RangeError)
  })

  test('takes the first 8 of more random bytes', () => {
    expect(hex(makeRun(0, new Uint8Array(32).fill(7)))).toBe('00000000000000000707070707070707')
  })
})
