import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodePastelId, encodePastelId, isPastelId, MeshError } from '../src/index.ts'
import { PROPERTY_RUNS } from './property-runs.ts'

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const publicKey = fc.uint8Array({ minLength: 57, maxLength: 57 })
const base58Character = fc.constantFrom(...BASE58)

/** What decoding gives: the key, or the code of the MeshError it throws. Anything else it throws passes. */
function decoded(text: string): Uint8Array | string {
  try {
    return decodePastelId(text)
  } catch (error) {
    if (error instanceof MeshError) return error.code
    throw error
  }
}

describe('for every public key', () => {
  test('decoding returns what was encoded, and the text has its shape', () => {
    fc.assert(
      fc.property(publicKey, (key) => {
        const text = encodePastelId(key)
        expect(text).toMatch(/^jX[XYZa][1-9A-HJ-NP-Za-km-z]{83}$/)
        expect(decodePastelId(text)).toEqual(key)
      }),
      { numRuns: PROPERTY_RUNS },
    )
  })

  test('a change of any one character is refused', () => {
    const character = fc.oneof(base58Character, fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }))
    fc.assert(
      fc.property(publicKey, fc.nat({ max: 85 }), character, (key, at, other) => {
        const text = encodePastelId(key)
        fc.pre(text[at] !== other)
        const changed = text.slice(0, at) + other + text.slice(at + 1)
        expect(decoded(changed)).toMatch(/^ERR_PASTELID_(LENGTH|CHARACTER|CHECKSUM)$/)
        expect(isPastelId(changed)).toBe(false)
      }),
      { numRuns: PROPERTY_RUNS },
    )
  })
})

test('a random text is refused with an error of its own code', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'binary', minLength: 86, maxLength: 86 }),
    fc.string({ unit: base58Character, minLength: 86, maxLength: 86 }),
    fc.string({ unit: base58Character, minLength: 83, maxLength: 83 }).map((rest) => `jXX${rest}`),
  )
  fc.assert(
    fc.property(text, (input) => {
      expect(decoded(input)).toMatch(/^ERR_PASTELID_(LENGTH|CHARACTER|CHECKSUM)$/)
    }),
    { numRuns: PROPERTY_RUNS },
  )
})
