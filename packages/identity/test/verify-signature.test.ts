import { describe, expect, test } from 'vitest'
import { createLocalSigner, decodeSignature, generateSeed, verifySignature } from '../src/index.ts'
import { PASTEL, RFC8032 } from './vectors.ts'

const [{ text, signature: signatureText }] = PASTEL.signed
const signature = decodeSignature(signatureText)

describe('verifySignature accepts', () => {
  test.each(PASTEL.signed)('what the Pastel core signed: $text', async (signed) => {
    expect(await verifySignature(PASTEL.publicKey, signed.text, decodeSignature(signed.signature))).toBe(true)
  })

  test.each(RFC8032)('the vectors of RFC 8032', async (vector) => {
    expect(await verifySignature(vector.publicKey, vector.text, vector.signature)).toBe(true)
  })

  test('a key and a signature that are views into larger memory', async () => {
    const memory = new Uint8Array(300).fill(7)
    memory.set(PASTEL.publicKey, 3)
    memory.set(signature, 100)
    expect(await verifySignature(memory.subarray(3, 60), text, memory.subarray(100, 214))).toBe(true)
  })
})

describe('verifySignature refuses', () => {
  test('another text, another key, another signature', async () => {
    expect(await verifySignature(PASTEL.publicKey, `${text} `, signature)).toBe(false)
    expect(await verifySignature(RFC8032[0].publicKey, text, signature)).toBe(false)
    expect(await verifySignature(PASTEL.publicKey, text, decodeSignature(PASTEL.signed[1].signature))).toBe(
      false,
    )
  })

  test('every change of one bit of the signature', async () => {
    const verdicts = Array.from({ length: 114 * 8 }, (_, bit) => {
      const changed = signature.slice()
      changed[bit >> 3]! ^= 1 << (bit & 7)
      return verifySignature(PASTEL.publicKey, text, changed)
    })
    expect(new Set(await Promise.all(verdicts))).toEqual(new Set([false]))
  })

  test('a scalar that is not reduced: one text, one key, one signature', async () => {
    const changed = signature.slice()
    changed.set(plusGroupOrder(signature.subarray(57)), 57)
    expect(await verifySignature(PASTEL.publicKey, text, changed)).toBe(false)
  })

  test.each([0, 1, 113, 115, 228])('a signature of %i bytes', async (length) => {
    const resized = new Uint8Array(length)
    resized.set(signature.subarray(0, length))
    expect(await verifySignature(PASTEL.publicKey, text, resized)).toBe(false)
  })

  test.each([0, 56, 58])('a public key of %i bytes', async (length) => {
    expect(await verifySignature(new Uint8Array(length), text, signature)).toBe(false)
  })

  test('a text that has no UTF-8 form, even if its replacement was signed', async () => {
    const signer = createLocalSigner(generateSeed())
    const replaced = await signer.sign('\ufffd')
    expect(await verifySignature(signer.publicKey, '\ufffd', replaced)).toBe(true)
    expect(await verifySignature(signer.publicKey, '\ud800', replaced)).toBe(false)
  })
})

/** The same scalar, little-endian, plus the order of Ed448's base point (RFC 8032 §5.2). */
function plusGroupOrder(scalar: Uint8Array): Uint8Array {
  const order = 2n ** 446n - 13818066809895115352007386748515426880336692474882178609894547503885n
  const sum = scalar.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n) + order
  return Uint8Array.from(scalar, (_, index) => Number((sum >> BigInt(8 * index)) & 255n))
}
