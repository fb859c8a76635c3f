import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeSignature, encodeSignature } from '../src/index.ts'
import { PROPERTY_RUNS } from './property-runs.ts'
import { PASTEL } from './vectors.ts'

const text = PASTEL.signed[0].signature

test('a signature has one text, and the text one signature', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 114, maxLength: 114 }), (signature) => {
      const encoded = encodeSignature(signature)
      expect(encoded).toHaveLength(152)
      expect(encoded).toBe(Buffer.from(signature).toString('base64'))
      expect(decodeSignature(encoded)).toEqual(signature)
    }),
    { numRuns: PROPERTY_RUNS },
  )
  expect(encodeSignature(decodeSignature(text))).toBe(text)
})

test.each([0, 113, 115])('%i bytes are no signature', (length) => {
  expect(() => encodeSignature(new Uint8Array(length))).toThrow(
    expect.objectContaining({ code: 'ERR_SIGNATURE_ENCODING' }),
  )
})

describe('a signature text is refused when it', () => {
  test.each([
    ['is empty', ''],
    ['is short', text.slice(4)],
    ['is long', `${text}AAAA`],
    ['has padding instead of its end', `${text.slice(0, 148)}AA==`],
    ['has padding after its end', `${text}==`],
    ['ends in a line feed', `${text}\n`],
    ['has a line feed within', `${text.slice(0, 76)}\n${text.slice(77)}`],
    ['uses the URL alphabet', text.replace(/[+/]/, '-')],
    ['has a character that other decoders stop at', `${text.slice(0, 20)}!${text.slice(21)}`],
  ])('%s', (_what, changed) => {
    expect(changed).not.toBe(text)
    expect(() => decodeSignature(changed)).toThrow(
      expect.objectContaining({ code: 'ERR_SIGNATURE_ENCODING' }),
    )
  })
})
