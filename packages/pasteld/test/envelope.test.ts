import { randomBytes } from 'node:crypto'
import { zstdDecompressSync } from 'node:zlib'
import { encodeSignature } from '@pastel-mesh/identity'
import { describe, expect, test } from 'vitest'
import {
  decodeEnvelope,
  encodeEnvelope,
  MAX_ENVELOPE_JSON_BYTES,
  MAX_ENVELOPE_TEXT_LENGTH,
} from '../src/index.ts'
import { envelopeOf } from './fixtures/frames.ts'
import { PUBLIC_KEY } from './fixtures/signed.ts'

const signature = new Uint8Array(randomBytes(114))
const around = { messageType: 'user_message', signature, publicKey: PUBLIC_KEY }
const jsonOf = (text: string) => zstdDecompressSync(Buffer.from(text, 'base64')).toString()
const tooLarge = expect.objectContaining({ code: 'ERR_ENVELOPE_TOO_LARGE' })

test('an envelope is the JSON of four keys as Python writes it, in zstd, in base64', () => {
  const text = encodeEnvelope({ ...around, message: 'zażółć "gęślą"\n\u0001\u007f\u2028 \u{1f98b}\\/' })
  expect(jsonOf(text)).toBe(
    `{"message": "zażółć \\"gęślą\\"\\n\\u0001\u007f\u2028 \u{1f98b}\\\\/", "message_type": "user_message", ` +
      `"signature": "${encodeSignature(signature)}", "sending_sn_pubkey": "${PUBLIC_KEY}"}`,
  )
})

test.each([0, 1, 60, 70_000, 262_144])(
  'the frame around %i characters says how many bytes it holds',
  (length) => {
    const text = encodeEnvelope({ ...around, message: 'x'.repeat(length) })
    const frame = Buffer.from(text, 'base64')
    const descriptor = frame.readUInt8(4)
    // A single segment, with a checksum.
    expect(descriptor & 0x27).toBe(0x24)
    const sizeBytes = [1, 2, 4, 8][descriptor >> 6] as number
    const size = frame.readUIntLE(5, sizeBytes) + (sizeBytes === 2 ? 256 : 0)
    expect(size).toBe(Buffer.byteLength(jsonOf(text)))
    expect(decodeEnvelope(text).message).toHaveLength(length)
  },
)

describe('as much is read as the largest message of the mesh can need:', () => {
  test('256 KiB of which JSON writes each byte in six', () => {
    const message = '\u0001'.repeat(256 * 1024)
    expect(decodeEnvelope(encodeEnvelope({ ...around, message })).message).toBe(message)
  })

  test('2 MiB of JSON, and not a byte more', () => {
    const json = jsonOf(encodeEnvelope({ ...around, message: '' }))
    const blanks = ' '.repeat(MAX_ENVELOPE_JSON_BYTES - json.length)
    expect(decodeEnvelope(envelopeOf(json + blanks)).signature).toEqual(signature)
    expect(() => decodeEnvelope(envelopeOf(`${json + blanks} `))).toThrow(tooLarge)
  })

  test('nothing is sent of which more would have to be read', () => {
    const message = 'x'.repeat(MAX_ENVELOPE_JSON_BYTES - 300)
    const size = Buffer.byteLength(jsonOf(encodeEnvelope({ ...around, message: '' })))
    expect(size).toBeGreaterThan(300)
    expect(() => encodeEnvelope({ ...around, message })).toThrow(tooLarge)
    const fits = 'x'.repeat(MAX_ENVELOPE_JSON_BYTES - size)
    expect(decodeEnvelope(encodeEnvelope({ ...around, message: fits })).message).toBe(fits)
  })

  test('nothing is sent that the core would not carry', () => {
    // Of 90 characters each takes six and a half bits, and eight in base64.
    const noise = Buffer.from(randomBytes(MAX_ENVELOPE_JSON_BYTES - 1000).map((byte) => 36 + (byte % 90)))
    const message = noise.toString('latin1').replaceAll('\\', 'x')
    expect(() => encodeEnvelope({ ...around, message })).toThrow(
      expect.objectContaining({ message: expect.stringContaining(' as the core carries it') }),
    )
    expect(() => decodeEnvelope('A'.repeat(MAX_ENVELOPE_TEXT_LENGTH + 4))).toThrow(tooLarge)
  })
})

test.each([
  ['a message of half a pair', { message: 'x\ud83e' }],
  ['a type of half a pair', { messageType: '\udd8b' }],
  ['a public key that is none', { publicKey: '04' }],
  ['a public key that is no hex', { publicKey: 'x'.repeat(130) }],
])('what could not be read is not written: %s', (_what, wrong) => {
  expect(() => encodeEnvelope({ ...around, message: 'x', ...wrong })).toThrow(
    expect.objectContaining({ code: 'ERR_ENVELOPE_KEY' }),
  )
})

test('a signature of another length is not written', () => {
  expect(() => encodeEnvelope({ ...around, message: 'x', signature: signature.subarray(1) })).toThrow(
    expect.objectContaining({ code: 'ERR_SIGNATURE_ENCODING' }),
  )
})
