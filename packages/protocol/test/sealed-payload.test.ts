import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeSealedPayload, parseSealedPayload } from '../src/sealed-payload.ts'
import { RUNS, sealedPayload } from './arbitraries.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { hex, withHex } from './hex.ts'
import { sealedPayloadSchema } from './schemas.ts'
import { encodeBySchema, field } from './wire.ts'

test('a sealed payload has the bytes that the specification gives it, and comes back', () => {
  fc.assert(
    fc.property(sealedPayload, (parts) => {
      const bytes = encodeSealedPayload(parts)
      expect(hex(bytes)).toBe(hex(encodeBySchema(sealedPayloadSchema, { ...parts })))
      expect(withHex(parseSealedPayload(bytes))).toEqual(withHex(parts))
    }),
    { numRuns: RUNS },
  )
})

test('one that is cut short or has a byte too many is refused', async () => {
  await fc.assert(
    fc.asyncProperty(sealedPayload, fc.nat(), fc.nat(255), async (parts, seed, byte) => {
      const bytes = encodeSealedPayload(parts)
      const at = seed % bytes.length
      await expectProtocolError(() => parseSealedPayload(bytes.subarray(0, at)))
      // Inside a part of fixed length, or anywhere else: a length no longer fits.
      const inserted = Buffer.concat([bytes.subarray(0, at), Buffer.of(byte), bytes.subarray(at)])
      await expectProtocolError(() => parseSealedPayload(inserted))
    }),
    { numRuns: RUNS },
  )
})

test('with a flipped bit it is refused, or it is another one', async () => {
  let refused = 0
  await fc.assert(
    fc.asyncProperty(sealedPayload, fc.nat(), fc.nat(7), async (parts, seed, bit) => {
      const bytes = encodeSealedPayload(parts)
      // Tags and lengths of the five parts, and bytes in them.
      const starts = [0, 1, 34, 35, 44, 45, 78, 79, 160, 161, 10, 170]
      const at = starts[seed % starts.length] as number
      bytes[at] = (bytes[at] as number) ^ (1 << bit)
      try {
        expect(hex(encodeSealedPayload(parseSealedPayload(bytes)))).toBe(hex(bytes))
      } catch {
        await expectProtocolError(() => parseSealedPayload(bytes))
        refused += 1
      }
    }),
    { numRuns: RUNS },
  )
  expect(refused).toBeGreaterThan(RUNS / 4)
})

test('it has its parts once, in their order, and no others', async () => {
  const [parts] = fc.sample(sealedPayload, 1)
  if (parts === undefined) throw new Error('no sample')
  const fields = Object.values(parts).map((value, i) => field(i + 1, value))
  const [one, two, three, four, five] = fields as [Buffer, Buffer, Buffer, Buffer, Buffer]
  for (const other of [
    [two, one, three, four, five],
    [one, one, two, three, four, five],
    [one, two, three, four, five, five],
    [one, two, three, four, five, field(6, 1)],
  ]) {
    await expectProtocolError(() => parseSealedPayload(Buffer.concat(other)), 'ERR_NOT_CANONICAL')
  }
})
