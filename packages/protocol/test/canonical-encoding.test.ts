import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RUNS } from './arbitraries.ts'
import { codecs } from './codecs.ts'
import { hex } from './hex.ts'
import { encodeBySchema } from './wire.ts'

describe.each(codecs)('$name', (codec) => {
  test('has the bytes that the specification gives it', () => {
    fc.assert(
      fc.property(codec.values, (value) => {
        expect(hex(codec.encode(value))).toBe(hex(encodeBySchema(codec.schema, codec.fields(value))))
      }),
      { numRuns: RUNS },
    )
  })
})
