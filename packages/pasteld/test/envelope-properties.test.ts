import { encodeSignature } from '@pastel-mesh/identity'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeEnvelope, type Envelope, EnvelopeError, encodeEnvelope } from '../src/index.ts'
import { envelopeOf } from './fixtures/frames.ts'
import { PUBLIC_KEY } from './fixtures/signed.ts'

const RUNS = process.env.PMESH_TEST_FULL === undefined ? 500 : 5_000

const text = fc.string({ unit: 'binary', maxLength: 200 })
const hexDigits = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length })
const envelopes: fc.Arbitrary<Envelope> = fc.record({
  message: fc.oneof(
    text,
    fc.tuple(text, fc.nat(2_000)).map(([piece, times]) => piece.repeat(times)),
  ),
  messageType: text,
  signature: fc.uint8Array({ minLength: 114, maxLength: 114 }),
  publicKey: fc.oneof(hexDigits(66), hexDigits(130)),
})

/** The code with which it is refused; undefined: it is read, and what was read can be written and read again. */
function outcome(input: string): string | undefined {
  let read: Envelope
  try {
    read = decodeEnvelope(input)
  } catch (error) {
    if (error instanceof EnvelopeError) return error.code
    throw error
  }
  expect(decodeEnvelope(encodeEnvelope(read))).toEqual(read)
  return undefined
}

test('every envelope comes back as it was', () => {
  fc.assert(
    fc.property(envelopes, (envelope) => {
      expect(decodeEnvelope(encodeEnvelope(envelope))).toEqual(envelope)
    }),
    { numRuns: RUNS },
  )
})

test('no text does anything but to be read or to be refused', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string(),
    fc.base64String(),
    fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes).toString('base64')),
    // As a zstd frame begins.
    fc
      .uint8Array({ maxLength: 100 })
      .map((bytes) => Buffer.of(0x28, 0xb5, 0x2f, 0xfd, ...bytes).toString('base64')),
  )
  fc.assert(
    fc.property(texts, (input) => {
      expect(outcome(input)).toMatch(/^ERR_ENVELOPE_/)
    }),
    { numRuns: RUNS },
  )
})

test('no change of the bytes does anything but to be read or to be refused', () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(
      envelopes,
      changes,
      fc.nat(40),
      fc.uint8Array({ maxLength: 4 }),
      (envelope, bytes, cut, more) => {
        const frame = Buffer.from(encodeEnvelope(envelope), 'base64')
        const changed = Buffer.concat([
          frame.subarray(0, Math.max(0, frame.length - (cut > 20 ? cut : 0))),
          more,
        ])
        // Half of them in the header and the first block's.
        for (const [at, byte] of bytes) changed[at % (at % 2 === 0 ? 16 : changed.length)] = byte
        expect(outcome(changed.toString('base64')) ?? 'ERR_ENVELOPE_').toMatch(/^ERR_ENVELOPE_/)
      },
    ),
    { numRuns: RUNS },
  )
})

test('no JSON does anything but to be read or to be refused', () => {
  const value = fc.oneof(
    fc.json({ stringUnit: 'binary' }),
    fc.string({ unit: 'binary' }).map((string) => JSON.stringify(string)),
    fc.constantFrom('"\\ud800"', '1e999', '-0', '9'.repeat(400), `"${PUBLIC_KEY}"`),
    fc.uint8Array({ minLength: 114, maxLength: 114 }).map((bytes) => `"${encodeSignature(bytes)}"`),
  )
  const key = fc.constantFrom(
    'message',
    'message_type',
    'signature',
    'sending_sn_pubkey',
    '__proto__',
    'more',
  )
  const right = fc.constant(
    `"message":"m","message_type":"t","signature":"${'A'.repeat(152)}","sending_sn_pubkey":"${PUBLIC_KEY}"`,
  )
  const entry = fc.oneof({ weight: 3, arbitrary: fc.tuple(key, value).map(([k, v]) => `"${k}":${v}`) }, right)
  const outcomes = new Set<string | undefined>()
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 6 }), (entries) => {
      outcomes.add(outcome(envelopeOf(`{${entries.join(',')}}`)))
    }),
    { numRuns: RUNS },
  )
  expect([...outcomes]).toEqual(
    expect.arrayContaining([undefined, 'ERR_ENVELOPE_KEY', 'ERR_ENVELOPE_SIGNATURE']),
  )
})
