import { describe, expect, test } from 'vitest'
import { privateKeyObject, publicKeyFromSeed, publicKeyObject } from '../src/index.ts'
import { PASTEL, RFC8032 } from './vectors.ts'

test.each(RFC8032)('the public key of an RFC 8032 seed is the one printed there', ({ seed, publicKey }) => {
  expect(publicKeyFromSeed(seed)).toEqual(publicKey)
})

test('a raw public key survives being a KeyObject', () => {
  const { x } = publicKeyObject(PASTEL.publicKey).export({ format: 'jwk' })
  expect(x).toBe(Buffer.from(PASTEL.publicKey).toString('base64url'))
})

describe.each([0, 56, 58])('%i bytes', (length) => {
  test('are no seed', () => {
    const error = expect.objectContaining({ code: 'ERR_SEED_LENGTH' })
    expect(() => privateKeyObject(new Uint8Array(length))).toThrow(error)
    expect(() => publicKeyFromSeed(new Uint8Array(length))).toThrow(error)
  })

  test('are no public key', () => {
    expect(() => publicKeyObject(new Uint8Array(length))).toThrow(
      expect.objectContaining({ code: 'ERR_PUBLIC_KEY_LENGTH' }),
    )
  })
})
