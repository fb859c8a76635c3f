import { describe, expect, test } from 'vitest'
import { encodePastelId, isPastelId, verifySignature } from '../src/index.ts'
import { RFC8032 } from './vectors.ts'

const P = 2n ** 448n - 2n ** 224n - 1n
const TEXTS = Array.from({ length: 64 }, (_, number) => `text ${number}`)

/** The 57 bytes that name the point with this y, and an even or odd x. */
function encodedPoint(y: bigint, oddX = false): Uint8Array {
  const bytes = Uint8Array.from({ length: 57 }, (_, index) => Number((y >> BigInt(8 * index)) & 255n))
  if (oddX) bytes[56]! |= 0x80
  return bytes
}

/**
 * A point R = S·B and that S. Under a key of low order, whose multiples vanish, R ‖ S satisfies the equation of
 * RFC 8032 for every text; a lenient verifier (`zip215` in @noble/curves) takes it.
 */
const UNIVERSAL_FORGERY = Uint8Array.from([
  ...Buffer.from(
    '5b3afe03878a49b28232d4f1a442aebde109f807acef7dfd9a7f65b962fe52d6547312cacecff04337508f9d2529a8f1669169b21c32c48000',
    'hex',
  ),
  ...Buffer.from(
    '4666cc51b42629040672a309c4342e16bde72b246297b41e97cf52a2f1361c325650f12746e4337ffb5940e7665ad7bf83f44af98d964b3e00',
    'hex',
  ),
])

async function acceptedTexts(publicKey: Uint8Array, signature: Uint8Array): Promise<string[]> {
  const verdicts = await Promise.all(TEXTS.map((text) => verifySignature(publicKey, text, signature)))
  return TEXTS.filter((_, index) => verdicts[index])
}

describe('a signature never verifies, and nothing is thrown,', () => {
  test.each([2n, 6n, 10n, 11n])('under a key that is no point of the curve (y = %s)', async (y) => {
    const publicKey = encodedPoint(y)
    expect(isPastelId(encodePastelId(publicKey))).toBe(true)
    expect(await acceptedTexts(publicKey, UNIVERSAL_FORGERY)).toEqual([])
  })

  test('when its own point is not on the curve', async () => {
    const signature = UNIVERSAL_FORGERY.slice()
    signature.set(encodedPoint(2n))
    expect(await acceptedTexts(RFC8032[0].publicKey, signature)).toEqual([])
  })

  test.each([
    ['1', encodedPoint(1n)],
    ['1, written with a sign', encodedPoint(1n, true)],
    ['1, not reduced', encodedPoint(P + 1n)],
    ['-1', encodedPoint(P - 1n)],
    ['0', encodedPoint(0n)],
    ['0, the other x', encodedPoint(0n, true)],
    ['0, not reduced', encodedPoint(P)],
  ])('under a key of low order (y = %s), which would sign every text at once', async (_y, publicKey) => {
    expect(await acceptedTexts(publicKey, UNIVERSAL_FORGERY)).toEqual([])
  })

  test.each([0, 255])('under a key of nothing but %i', async (byte) => {
    expect(await acceptedTexts(new Uint8Array(57).fill(byte), UNIVERSAL_FORGERY)).toEqual([])
  })
})
