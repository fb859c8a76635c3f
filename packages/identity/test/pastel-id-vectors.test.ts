import { expect, test } from 'vitest'
import { decodePastelId, encodePastelId, isPastelId, parsePastelId } from '../src/index.ts'
import { PASTEL, PASTEL_IDS } from './vectors.ts'

test('an identity of the Pastel network holds its public key', () => {
  expect(decodePastelId(PASTEL.pastelId)).toEqual(PASTEL.publicKey)
  expect(encodePastelId(PASTEL.publicKey)).toBe(PASTEL.pastelId)
})

test.each(PASTEL_IDS)('%s is a PastelID', (text) => {
  expect(isPastelId(text)).toBe(true)
  expect(parsePastelId(text)).toBe(text)
  expect(encodePastelId(decodePastelId(text))).toBe(text)
})

test('the lowest and the highest key begin as the format says', () => {
  expect(encodePastelId(new Uint8Array(57))).toMatch(/^jXXMAH/)
  expect(encodePastelId(new Uint8Array(57).fill(255))).toMatch(/^jXaoPz/)
})
