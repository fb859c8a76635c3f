import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodePastelId, MeshError } from '../src/index.ts'
import { formatKeyFile, type KeyFileContent, parseKeyFile } from '../src/key-file-format.ts'
import { PROPERTY_RUNS } from './property-runs.ts'

const content: KeyFileContent = {
  pastelId: encodePastelId(new Uint8Array(57).fill(3)),
  kdf: { N: 2 ** 17, r: 8, p: 1, salt: new Uint8Array(32).fill(4) },
  keyCheck: new Uint8Array(16).fill(5),
  nonce: new Uint8Array(12).fill(6),
  data: new Uint8Array(73).fill(7),
}
const text = formatKeyFile(content)

/** What reading gives: the content, or the code of the MeshError it throws. Anything else it throws passes. */
function parsed(input: string): KeyFileContent | string {
  try {
    return parseKeyFile(input, 'node.key.json')
  } catch (error) {
    if (error instanceof MeshError) return error.code
    throw error
  }
}

test('an unharmed file is read', () => {
  expect(parsed(text)).toEqual(content)
})

test('a change of any one character is found before the passphrase is tried, or changes nothing', () => {
  const printable = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1 })
  fc.assert(
    fc.property(fc.nat({ max: text.length - 1 }), printable, (at, other) => {
      fc.pre(text[at] !== other)
      const result = parsed(text.slice(0, at) + other + text.slice(at + 1))
      // White space may change without harm.
      if (typeof result === 'string') expect(result).toMatch(/^ERR_KEY_FILE_(DAMAGED|FOREIGN)$/)
      else expect(result).toEqual(content)
    }),
    { numRuns: 4 * PROPERTY_RUNS },
  )
})

test('a file that was cut short once it said what it is counts as damaged', () => {
  const start = text.indexOf('pastel-mesh-key"') + 'pastel-mesh-key"'.length
  for (let end = start; end < text.trimEnd().length; end++) {
    expect(parsed(text.slice(0, end))).toBe('ERR_KEY_FILE_DAMAGED')
  }
})

test('any other JSON is refused with an error of its own code', () => {
  const json = fc.oneof(
    fc.json(),
    fc.jsonValue().map((kdf) => JSON.stringify({ ...JSON.parse(text), kdf })),
    fc
      .tuple(fc.constantFrom(...Object.keys(JSON.parse(text))), fc.jsonValue())
      .map(([field, value]) => JSON.stringify({ ...JSON.parse(text), [field]: value })),
  )
  fc.assert(
    fc.property(json, (input) => {
      const result = parsed(input)
      // A field may get the value it had.
      if (typeof result === 'string') expect(result).toMatch(/^ERR_KEY_FILE_(DAMAGED|FOREIGN)$/)
      else expect(result).toEqual(content)
    }),
    { numRuns: PROPERTY_RUNS },
  )
})
