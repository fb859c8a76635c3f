import { describe, expect, test } from 'vitest'
import { publicKeyObject } from '../src/index.ts'
import { PublicKeyCache } from '../src/public-key-cache.ts'

function publicKey(number: number): Uint8Array {
  const key = new Uint8Array(57)
  new DataView(key.buffer).setUint32(0, number)
  return key
}

/** A cache, and the keys that it had to import, in order. */
function observedCache(maxKeys: number) {
  const imported: number[] = []
  const importKey = (key: Uint8Array) => {
    imported.push(new DataView(key.buffer, key.byteOffset).getUint32(0))
    return publicKeyObject(key)
  }
  return { cache: new PublicKeyCache({ maxKeys }, { importKey }), imported }
}

describe('PublicKeyCache', () => {
  test('imports a key once and returns the same object after', () => {
    const { cache, imported } = observedCache(2)
    const first = cache.get(publicKey(1))
    expect(cache.get(publicKey(1))).toBe(first)
    expect(imported).toEqual([1])
  })

  test('returns the object of the key that was asked for', () => {
    const { cache } = observedCache(2)
    cache.get(publicKey(1))
    expect(cache.get(publicKey(2)).equals(publicKeyObject(publicKey(2)))).toBe(true)
    expect(cache.get(publicKey(1)).equals(publicKeyObject(publicKey(1)))).toBe(true)
  })

  test('never holds more than its bound', () => {
    const { cache } = observedCache(3)
    for (let number = 0; number < 100; number++) {
      cache.get(publicKey(number))
      expect(cache.size).toBeLessThanOrEqual(3)
    }
    expect(cache.size).toBe(3)
  })

  test('drops the key that was used longest ago, not the one that came first', () => {
    const { cache, imported } = observedCache(2)
    for (const number of [1, 2, 1, 3, 1, 2]) cache.get(publicKey(number))
    expect(imported).toEqual([1, 2, 3, 2])
  })

  test('is not fooled when the bytes of a key change after the call', () => {
    const { cache } = observedCache(2)
    const bytes = publicKey(1)
    cache.get(bytes)
    bytes.fill(9)
    expect(cache.get(bytes).equals(publicKeyObject(bytes))).toBe(true)
  })

  test('keeps nothing of a key that could not be imported', () => {
    const { cache } = observedCache(2)
    expect(() => cache.get(new Uint8Array(8))).toThrow(
      expect.objectContaining({ code: 'ERR_PUBLIC_KEY_LENGTH' }),
    )
    expect(cache.size).toBe(0)
  })
})
