import { describe, expect, test } from 'vitest'
import { createLocalSigner, decodePastelId, generateSeed, verifySignature } from '../src/index.ts'
import { RFC8032 } from './vectors.ts'

describe('a local signer', () => {
  test.each(RFC8032)('signs as RFC 8032 prints it', async ({ seed, publicKey, text, signature }) => {
    const signer = createLocalSigner(seed)
    expect(signer.publicKey).toEqual(publicKey)
    expect(decodePastelId(signer.pastelId)).toEqual(publicKey)
    expect(await signer.sign(text)).toEqual(signature)
  })

  test('signs the UTF-8 bytes of a text', async () => {
    const signer = createLocalSigner(generateSeed())
    const signature = await signer.sign('zażółć 🦋')
    expect(signature).toHaveLength(114)
    expect(await verifySignature(signer.publicKey, 'zażółć 🦋', signature)).toBe(true)
    expect(await verifySignature(signer.publicKey, 'zazolc 🦋', signature)).toBe(false)
  })

  test('keeps its key when the seed it was made from is wiped', async () => {
    const seed = RFC8032[0].seed.slice()
    const signer = createLocalSigner(seed)
    seed.fill(0)
    expect(await signer.sign('')).toEqual(RFC8032[0].signature)
  })

  test('refuses a text that has no UTF-8 form', async () => {
    const signing = createLocalSigner(generateSeed()).sign('broken \ud800')
    await expect(signing).rejects.toMatchObject({ code: 'ERR_SIGNATURE_TEXT' })
  })

  test('refuses a seed of another length', () => {
    expect(() => createLocalSigner(new Uint8Array(32))).toThrow(
      expect.objectContaining({ code: 'ERR_SEED_LENGTH' }),
    )
  })

  test('does not sign when the caller has given up before, and stops waiting when it gives up later', async () => {
    const signer = createLocalSigner(generateSeed())
    const reason = new Error('given up')
    await expect(signer.sign('text', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)

    const controller = new AbortController()
    const signing = signer.sign('text', { signal: controller.signal })
    controller.abort(reason)
    await expect(signing).rejects.toBe(reason)
  })
})

test('every new seed is another identity', () => {
  const ids = Array.from({ length: 20 }, () => createLocalSigner(generateSeed()).pastelId)
  expect(new Set(ids).size).toBe(20)
})
