import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RUNS } from './arbitraries.ts'
import { codecs } from './codecs.ts'
import { hex, withHex } from './hex.ts'

describe.each(codecs)('$name', (codec) => {
  test('comes back as it was sent, and encodes to the same bytes again', async () => {
    await fc.assert(
      fc.asyncProperty(codec.values, async (value) => {
        const bytes = codec.encode(value)
        const decoded = await codec.decode(bytes, value)
        expect(withHex(decoded)).toStrictEqual(withHex(value))
        expect(hex(codec.encode(decoded))).toBe(hex(bytes))
      }),
      { numRuns: RUNS },
    )
  })
})
