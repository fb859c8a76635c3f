import fc from 'fast-check'
import { decode, encode } from 'it-length-prefixed'
import { Uint8ArrayList } from 'uint8arraylist'
import { expect, test } from 'vitest'
import { type Bytes, FrameCutter, FrameError } from '../src/gossip/frame-cutter.ts'

const frames = fc.array(fc.oneof(fc.nat(3), fc.nat(300), fc.constant(20_000)), { maxLength: 40 })
const cuts = fc.array(fc.nat(30_000), { maxLength: 12 })

const MAX_FRAME_BYTES = 20_000

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
        const cutter = new FrameCutter(maxFrames, MAX_FRAME_BYTES)
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
  expect(new FrameCutter(1, MAX_FRAME_BYTES).cut(bytes)[0]?.bytes).toBe(bytes)
})

const longest = encode.single(Buffer.alloc(MAX_FRAME_BYTES)).subarray()
const small = encode.single(Buffer.of(1, 2, 3)).subarray()

test.each<[string, Uint8Array]>([
  ['a frame above the limit', encode.single(Buffer.alloc(MAX_FRAME_BYTES + 1)).subarray()],
  ['a length of 0 in two bytes', Buffer.of(0x80, 0x00)],
  ['a length of 3 in two bytes', Buffer.of(0x83, 0x00, 1, 2, 3)],
  ['a length of 3 in ten bytes', Buffer.from('83808080808080808000', 'hex')],
  ['a length without an end', Buffer.alloc(12, 0x80)],
  ['a length of 2^32 - 1', Buffer.from('ffffffff0f', 'hex')],
  ['a length of 2^63', Buffer.from('80808080808080808001', 'hex')],
])('%s ends it, in one piece and byte by byte', (_what, bad) => {
  const wire = Buffer.concat([small, longest, bad, small])
  expect(() => new FrameCutter(2, MAX_FRAME_BYTES).cut(wire)).toThrow(FrameError)
  const cutter = new FrameCutter(2, MAX_FRAME_BYTES)
  const good = Buffer.concat([small, longest])
  for (const byte of good) cutter.cut(Buffer.of(byte))
  expect(() => {
    for (const byte of bad) cutter.cut(Buffer.of(byte))
  }).toThrow(FrameError)
})

test('it finds the frames that a reader finds, or ends', () => {
  const wires = fc.array(fc.oneof(fc.constantFrom(0, 1, 2, 0x80, 0x81, 0xff), fc.nat(255)), { maxLength: 60 })
  let ended = 0
  fc.assert(
    fc.property(wires, (bytes) => {
      const wire = Uint8Array.from(bytes)
      let frames = 0
      try {
        for (const slice of new FrameCutter(1000, MAX_FRAME_BYTES).cut(wire)) frames += slice.frames
      } catch {
        ended += 1
        return
      }
      const whole = readerFrames(wire)
      expect(frames === whole || frames === whole + 1).toBe(true)
    }),
  )
  expect(ended).toBeGreaterThan(0)
})

/** Whole frames that a reader finds. */
function readerFrames(wire: Uint8Array): number {
  let frames = 0
  try {
    for (const _frame of decode([wire])) frames += 1
  } catch {
    // The last one is cut short.
  }
  return frames
}
