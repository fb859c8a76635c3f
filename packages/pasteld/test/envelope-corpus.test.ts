import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeEnvelope, EnvelopeError } from '../src/index.ts'
import { envelopeOf, parseBytes } from './fixtures/frames.ts'
import { PUBLIC_KEY } from './fixtures/signed.ts'

/** Input that must be refused: the whole text, or the frame in its base64 (in hex), or the JSON in its frame. */
type BadInput = { readonly name: string; readonly error: string } & (
  | { readonly text: string }
  | { readonly frame: string }
  | { readonly json: string }
)

const corpus: BadInput[] = JSON.parse(readFileSync(new URL('corpus/envelope.json', import.meta.url), 'utf8'))

function textOf(input: BadInput): string {
  if ('text' in input) return input.text
  return 'json' in input ? envelopeOf(input.json) : parseBytes(input.frame).toString('base64')
}

function refusal(text: string): unknown {
  try {
    return decodeEnvelope(text)
  } catch (error) {
    return error
  }
}

test('every bad input is there once', () => {
  expect(corpus.length).toBeGreaterThan(150)
  expect(new Set(corpus.map(({ name }) => name)).size).toBe(corpus.length)
  expect(new Set(corpus.map(textOf)).size).toBe(corpus.length)
})

test.each(corpus)('is refused: $name ($error)', (input) => {
  const error = refusal(textOf(input))
  expect(error).toBeInstanceOf(EnvelopeError)
  expect(error).toMatchObject({ code: input.error })
  // It is for a log: one line, whatever came in.
  expect((error as Error).message).toMatch(/^[ -~]{1,200}$/)
})

describe('is let be:', () => {
  const right = {
    message: 'm',
    message_type: 't',
    signature: 'A'.repeat(152),
    sending_sn_pubkey: PUBLIC_KEY,
  }
  const json = JSON.stringify(right)

  test.each([
    [
      'keys that are unknown',
      JSON.stringify({ version: 2, ...right, more: { message: 'no', list: [null, 1.5] } }),
    ],
    ['another order', JSON.stringify(Object.fromEntries(Object.entries(right).reverse()))],
    ['blanks and line ends around it', `\n\t ${JSON.stringify(right, null, 2)}\r\n`],
    [
      'huge numbers',
      json.replace(/}$/, `,"more":[1e999,-1e999,${'9'.repeat(10_000)},0.${'0'.repeat(10_000)}1]}`),
    ],
    ['a lone surrogate in an unknown key', json.replace(/}$/, ',"more":"\\ud800"}')],
    ['an unknown key of a prototype', json.replace(/}$/, ',"__proto__":{"message":"no"}}')],
    [
      'a hundred thousand lists within each other',
      json.replace(/}$/, `,"more":${'['.repeat(1e5)}${']'.repeat(1e5)}}`),
    ],
    [
      'escapes where there need be none',
      json.replace('"m"', '"\\u006d"').replace('"message"', '"mess\\u0061ge"'),
    ],
    ['a public key in capitals', JSON.stringify({ ...right, sending_sn_pubkey: PUBLIC_KEY.toUpperCase() })],
  ])('%s', (_what, text) => {
    expect(decodeEnvelope(envelopeOf(text))).toEqual({
      message: 'm',
      messageType: 't',
      signature: new Uint8Array(114),
      publicKey: PUBLIC_KEY,
    })
  })

  test('NULs, line ends and pairs of surrogates in a message', () => {
    const message = '\u0000\r\n\u{1f98b}\u2028'
    expect(decodeEnvelope(envelopeOf(JSON.stringify({ ...right, message }))).message).toBe(message)
    const escaped = json.replace('"m"', '"\\u0000\\ud83e\\udd8b"')
    expect(decodeEnvelope(envelopeOf(escaped)).message).toBe('\u0000\u{1f98b}')
  })
})
