import { createHash } from 'node:crypto'
import { createBase58check } from '@scure/base'
import { describe, expect, test } from 'vitest'
import { decodePastelId, encodePastelId, isPastelId, parsePastelId } from '../src/index.ts'
import { PASTEL } from './vectors.ts'

const base58check = createBase58check(
  (data: Uint8Array) => new Uint8Array(createHash('sha256').update(data).digest()),
)
const id = PASTEL.pastelId

describe.each([
  ['ERR_PASTELID_LENGTH', 'is empty', ''],
  ['ERR_PASTELID_LENGTH', 'lacks a character', id.slice(1)],
  ['ERR_PASTELID_LENGTH', 'has a space after it', `${id} `],
  ['ERR_PASTELID_LENGTH', 'is far too long to be decoded', 'j'.repeat(5_000_000)],
  ['ERR_PASTELID_LENGTH', 'holds more bytes in the same characters', '1'.repeat(86)],
  ['ERR_PASTELID_CHARACTER', 'has a zero for an o', `${id.slice(0, 40)}0${id.slice(41)}`],
  ['ERR_PASTELID_CHARACTER', 'ends in a line feed', `${id.slice(0, 85)}\n`],
  ['ERR_PASTELID_CHARACTER', 'has a letter of another script', `${id.slice(0, 85)}а`],
  ['ERR_PASTELID_CHECKSUM', 'has two characters in the wrong order', `jXXf${id[5]}${id[4]}${id.slice(6)}`],
  [
    'ERR_PASTELID_PREFIX',
    'is of another kind',
    base58check.encode(Uint8Array.of(0xa1, 0xdd, ...PASTEL.publicKey)),
  ],
  [
    'ERR_PASTELID_PREFIX',
    'differs in the first byte of the kind',
    base58check.encode(Uint8Array.of(0xa0, 0xde, ...PASTEL.publicKey)),
  ],
])('%s when a text %s', (code, _what, text) => {
  test('decode and parse throw, isPastelId says no', () => {
    expect(() => decodePastelId(text)).toThrow(expect.objectContaining({ code }))
    expect(() => parsePastelId(text)).toThrow(expect.objectContaining({ code }))
    expect(isPastelId(text)).toBe(false)
  })
})

test('a message quotes little of a text from outside, and no control characters', () => {
  const text = `\u001b[2J${'x'.repeat(10_000)}`
  try {
    decodePastelId(text)
    expect.unreachable()
  } catch (error) {
    expect(String(error)).not.toContain('\u001b')
    expect(String(error).length).toBeLessThan(200)
  }
})

test.each([0, 56, 58])('a public key of %i bytes has no PastelID', (length) => {
  expect(() => encodePastelId(new Uint8Array(length))).toThrow(
    expect.objectContaining({ code: 'ERR_PUBLIC_KEY_LENGTH' }),
  )
})
