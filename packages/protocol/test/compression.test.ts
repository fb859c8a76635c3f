import { randomBytes } from 'node:crypto'
import { constants, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compressPayload, decompressPayload, MAX_PAYLOAD_BYTES } from '../src/index.ts'
import { RUNS } from './arbitraries.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { compressRuns, zstdFrame } from './zstd-frames.ts'

const json = (sizeBytes: number) =>
  Buffer.from(
    JSON.stringify(Array.from({ length: 1 + sizeBytes / 20 }, (_, id) => ({ id, pair: 'PSL/USD' }))),
  ).subarray(0, sizeBytes)

describe('what is compressed', () => {
  test.each([512, 4096, 8193, 150_000, MAX_PAYLOAD_BYTES])('comes back as it was: %i bytes', (size) => {
    const payload = json(size)
    const compressed = compressPayload(payload) as Uint8Array
    expect(compressed.length).toBeLessThan(size * (7 / 8))
    expect(Buffer.compare(decompressPayload(compressed), payload)).toBe(0)
  })

  test('comes back as it was, whatever it is', () => {
    const piece = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 400 }))
    const repetitive = fc
      .array(piece, { minLength: 1, maxLength: 8 })
      .map((pieces) => Buffer.concat(pieces.flatMap(([bytes, times]) => Array(times).fill(bytes))))
    let compressedOnes = 0
    fc.assert(
      fc.property(repetitive, (payload) => {
        const compressed = compressPayload(payload)
        if (compressed === undefined) return
        compressedOnes += 1
        expect(Buffer.compare(decompressPayload(compressed), payload)).toBe(0)
      }),
      { numRuns: RUNS },
    )
    expect(compressedOnes).toBeGreaterThan(RUNS / 4)
  })

  test('may have been made by any level of zstd', () => {
    const payload = json(MAX_PAYLOAD_BYTES)
    for (const level of [-5, 1, 3, 9, 19]) {
      const frame = zstdCompressSync(payload, { params: { [constants.ZSTD_c_compressionLevel]: level } })
      expect(Buffer.compare(decompressPayload(frame), payload), `level ${level}`).toBe(0)
    }
  })

  test('may have been made without a compressor', () => {
    const payload = Buffer.concat([json(100), Buffer.alloc(300_000, 'a'), json(50)])
    const frame = compressRuns(payload)
    expect(frame.length).toBeLessThan(200)
    expect(Buffer.compare(decompressPayload(frame), payload)).toBe(0)
  })
})

describe('what does not pay is left as it is', () => {
  test.each<[string, Uint8Array]>([
    ['under 512 bytes', Buffer.alloc(511)],
    ['random, small', randomBytes(600)],
    ['random, large', randomBytes(200_000)],
    ['random, but for a tenth of it', Buffer.concat([randomBytes(4000), Buffer.alloc(400)])],
    ['more than the limit', Buffer.alloc(MAX_PAYLOAD_BYTES + 1)],
  ])('%s', (_what, payload) => {
    expect(compressPayload(payload)).toBeUndefined()
  })
})

test('a frame that holds another size than it says is refused', async () => {
  const block = { byte: 7, times: 1000 }
  expect(decompressPayload(zstdFrame({ contentSize: 1000 }, block)).length).toBe(1000)
  for (const contentSize of [256, 999, 1001, MAX_PAYLOAD_BYTES]) {
    await expectProtocolError(() => decompressPayload(zstdFrame({ contentSize }, block)), 'ERR_COMPRESSION')
  }
})

test('a frame that is not shorter than what it holds is refused', async () => {
  const frame = zstdFrame({ contentSize: 300 }, randomBytes(300))
  await expectProtocolError(() => decompressPayload(frame), 'ERR_COMPRESSION')
})
