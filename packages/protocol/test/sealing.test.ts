import { describe, expect, test } from 'vitest'
import {
  encodePayload,
  generateSealingKey,
  MAX_PAYLOAD_BYTES,
  openPayload,
  openSealed,
  readStoredMessages,
  sealedPayloadBytes,
  sealingKeyId,
  sealPayload,
  sha256,
  textOf,
  toWireMessage,
} from '../src/index.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { hex } from './hex.ts'
import { NOW } from './samples.ts'
import { keyOf, plainPayload, sealedHeader, sealSample } from './sealed-samples.ts'
import { testSealingKey } from './sealing-keys.ts'

const keys = testSealingKey(1)

describe('a sealed batch', () => {
  test('opens for its recipient, who gets the secret that its sender has', async () => {
    const { batch, secret } = await sealSample()
    expect(hex(await openSealed(batch, keyOf(keys)))).toBe(hex(secret))
    expect(openPayload(batch, secret).map(textOf)).toEqual(['between us'])
    expect(readStoredMessages(batch, secret).map(textOf)).toEqual(['between us'])
  })

  test('opens with a key that was made here', async () => {
    const made = await generateSealingKey()
    expect([made.publicKey.length, made.privateKey.length]).toEqual([32, 32])
    const { payload, secret } = await sealPayload(sealedHeader, plainPayload, made.publicKey)
    expect(hex(await openSealed({ ...sealedHeader, payload }, keyOf(made)))).toBe(hex(secret))
  })

  test('names the key that it is sealed to', async () => {
    const { batch } = await sealSample()
    const asked: string[] = []
    await expectProtocolError(() => openSealed(batch, (id) => void asked.push(id)), 'ERR_SEAL_KEY_UNKNOWN')
    expect(asked).toEqual([hex(sha256(keys.publicKey)).slice(0, 16)])
    expect(asked).toEqual([sealingKeyId(keys.publicKey)])
  })

  test('does not open with the key of another, whatever id it goes by', async () => {
    const { batch } = await sealSample()
    await expectProtocolError(() => openSealed(batch, keyOf(testSealingKey(2))), 'ERR_SEAL_KEY_UNKNOWN')
    await expectProtocolError(() => openSealed(batch, () => testSealingKey(2)), 'ERR_SEAL_OPEN')
  })

  test('does not open with another secret, or without one', async () => {
    const { batch } = await sealSample()
    const { secret: other } = await sealSample()
    for (const secret of [other, other.subarray(1), new Uint8Array(64), undefined]) {
      await expectProtocolError(() => openPayload(batch, secret), 'ERR_SEAL_OPEN')
      await expectProtocolError(() => readStoredMessages(batch, secret), 'ERR_SEAL_OPEN')
    }
    await expectProtocolError(() => openPayload(batch), 'ERR_SEAL_OPEN')
  })

  test('is another each time, of the same messages too', async () => {
    const [one, two] = [await sealSample(), await sealSample()]
    expect(hex(one.secret)).not.toBe(hex(two.secret))
    expect(hex(one.batch.payload)).not.toBe(hex(two.batch.payload))
  })

  test('tells of what is in it the length, and nothing else', async () => {
    const letters = await Promise.all(
      ['a', 'b'].map((letter) => {
        const text = letter.repeat(100_000)
        return sealSample({ payload: encodePayload([toWireMessage({ text }, NOW)]) })
      }),
    )
    const [length, other] = letters.map(({ batch }) => batch.payload.length)
    expect(length).toBe(other)
    for (const { batch } of letters) {
      // What repeats itself would show: of random bytes each value makes up a 256th.
      const most = Math.max(...histogram(batch.payload))
      expect(most).toBeLessThan(batch.payload.length / 128)
    }
  })
})

describe('a payload', () => {
  test.each([1, 100, 111, 112, 127, 16_367, 16_368, 500_000])(
    'of %i bytes takes as many as were foretold',
    async (size) => {
      const { payload } = await sealPayload(sealedHeader, new Uint8Array(size), keys.publicKey)
      expect(payload.length).toBe(sealedPayloadBytes(size))
    },
  )

  test('that does not fit when it is sealed is refused', async () => {
    const fits = MAX_PAYLOAD_BYTES - sealedPayloadBytes(MAX_PAYLOAD_BYTES) + MAX_PAYLOAD_BYTES
    const { payload } = await sealPayload(sealedHeader, new Uint8Array(fits), keys.publicKey)
    expect(payload.length).toBe(MAX_PAYLOAD_BYTES)
    await expectProtocolError(
      () => sealPayload(sealedHeader, new Uint8Array(fits + 1), keys.publicKey),
      'ERR_BATCH_SIZE',
    )
  })

  test('is not sealed to what is no key, nor to one that makes no secret', async () => {
    for (const key of [new Uint8Array(0), new Uint8Array(31), new Uint8Array(33), new Uint8Array(32)]) {
      await expectProtocolError(() => sealPayload(sealedHeader, plainPayload, key), 'ERR_SEAL_KEY')
    }
  })
})

function histogram(bytes: Uint8Array): number[] {
  const counts = new Array<number>(256).fill(0)
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1
  return counts
}
