import fc from 'fast-check'
import { encode } from 'it-length-prefixed'
import { Uint8ArrayList } from 'uint8arraylist'
import { expect, test } from 'vitest'
import { type Bytes, FrameCutter } from '../src/gossip/frame-cutter.ts'

const frames = fc.array(fc.oneof(fc.nat(3), fc.nat(300), fc.constant(20_000)), { maxLength: 40 })
const cuts = fc.array(fc.nat(30_000), { maxLength: 12 })

function plain(bytes: Bytes): Buffer {
  return Buffer.from(bytes.subarray())
}

test('however the bytes come, they are all passed on, with few frames in each piece', () => {
  fc.assert(
    fc.property(
      frames,
      cuts,
      fc.integer({ min: 1, max: 5 }),
      fc.boolean(),
      (sizes, at, maxFrames, asList) => {
        const wire = Buffer.concat(sizes.map((size) => encode.single(Buffer.alloc(size, size)).subarray()))
        const ends = [...new Set(at.filter((cut) => cut < wire.length))].sort((a, b) => a - b)
        const chunks = [...ends, wire.length].map((end, i) => wire.subarray(ends[i - 1] ?? 0, end))
        const cutter = new FrameCutter(maxFrames)
        const slices = asList
          ? cutter.cut(new Uint8ArrayList(...chunks))
          : chunks.flatMap((chunk) => cutter.cut(chunk))
        expect(Buffer.concat(slices.map(({ bytes }) => plain(bytes)))).toEqual(wire)
        expect(slices.reduce((sum, slice) => sum + slice.frames, 0)).toBe(sizes.length)
        for (const slice of slices) expect(slice.frames).toBeLessThanOrEqual(maxFrames)
      },
    ),
  )
})

test('what fits is passed on as it is, not copied', () => {
  const bytes = encode.single(Buffer.alloc(100))
  expect(new FrameCutter(1).cut(bytes)[0]?.bytes).toBe(bytes)
})
