import { describe, expect, test } from 'vitest'
import {
  type Batch,
  ENCODING_PLAIN,
  encodePayload,
  inboxChannel,
  openPayload,
  openSealed,
  sealingKeyId,
  toWireMessage,
} from '../src/index.ts'
import { associatedData, commitmentTo, encryptContent } from '../src/sealed-content.ts'
import { encodeSealedPayload, parseSealedPayload } from '../src/sealed-payload.ts'
import { loadSuite, toPublicKey } from '../src/sealing-key.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { hex } from './hex.ts'
import { testSigner } from './identities.ts'
import { NOW } from './samples.ts'
import { keyOf, plainPayload, sealedHeader, sealSample } from './sealed-samples.ts'
import { testSealingKey } from './sealing-keys.ts'

const keys = testSealingKey(1)
const { batch, secret } = await sealSample()

const headerChanges: Readonly<Record<string, Partial<Batch>>> = {
  network: { network: 'another' },
  sender: { sender: testSigner(3).publicKey },
  channel: { channel: inboxChannel(testSigner(3).pastelId) },
  run: { run: new Uint8Array(16).fill(9) },
  'followed run': { follows: { run: new Uint8Array(16).fill(9), head: 0 } },
  'first position': { first: 1 },
  count: { count: 2 },
  predecessor: { previous: new Uint8Array(32).fill(1) },
  'creation time': { createdAtMs: NOW + 1 },
  expiry: { expiresAtMs: sealedHeader.expiresAtMs - 1 },
}

describe('the seal is bound to the header', () => {
  test.each(Object.entries(headerChanges))('with another %s it does not open', async (_what, change) => {
    const changed = { ...batch, ...change }
    await expectProtocolError(() => openSealed(changed, keyOf(keys)), 'ERR_SEAL_OPEN')
    await expectProtocolError(() => openPayload(changed, secret), 'ERR_SEAL_OPEN')
  })

  test('every field of a header was changed', () => {
    const fields = new Set(Object.values(headerChanges).flatMap(Object.keys))
    const bound = Object.keys(sealedHeader).filter((field) => field !== 'payload' && field !== 'encoding')
    expect([...fields].sort()).toEqual(['follows', ...bound].sort())
  })
})

describe('the parts of a sealed payload belong together', () => {
  test.each(['commitment', 'keyId', 'encapsulated', 'wrapped', 'content'] as const)(
    'with a bit of its %s flipped it does not open',
    async (part) => {
      const sealed = parseSealedPayload(batch.payload)
      for (const at of [0, sealed[part].length - 1]) {
        const bytes = Uint8Array.from(sealed[part])
        bytes[at] = (bytes[at] as number) ^ 1
        const changed = { ...batch, payload: encodeSealedPayload({ ...sealed, [part]: bytes }) }
        await expectProtocolError(() => openSealed(changed, () => keys), 'ERR_SEAL_OPEN')
      }
    },
  )

  test('with those of another batch with the same header it does not open', async () => {
    const { batch: other } = await sealSample()
    const [one, two] = [parseSealedPayload(batch.payload), parseSealedPayload(other.payload)]
    for (const part of ['commitment', 'encapsulated', 'wrapped', 'content'] as const) {
      const payload = encodeSealedPayload({ ...one, [part]: two[part] })
      await expectProtocolError(() => openSealed({ ...batch, payload }, keyOf(keys)), 'ERR_SEAL_OPEN')
    }
  })
})

describe('what a dishonest sender seals', () => {
  /** Sealed well, whatever it is. */
  async function sealAnything(payload: Uint8Array, commitment: Uint8Array): Promise<Batch> {
    const named = {
      commitment: Uint8Array.from(commitment),
      keyId: Buffer.from(sealingKeyId(keys.publicKey), 'hex'),
    }
    const bound = associatedData(sealedHeader, named)
    const recipientPublicKey = await toPublicKey(keys.publicKey)
    const info = new TextEncoder().encode('pastel-mesh/seal/1')
    const { enc, ct } = await (await loadSuite()).seal({ recipientPublicKey, info }, secret, bound)
    const content = encryptContent(payload, secret, bound)
    const sealed = { ...named, encapsulated: new Uint8Array(enc), wrapped: new Uint8Array(ct), content }
    return { ...sealedHeader, payload: encodeSealedPayload(sealed) }
  }

  test('is opened if nothing is wrong with it', async () => {
    const honest = await sealAnything(plainPayload, commitmentTo(plainPayload, secret))
    expect(hex(await openSealed(honest, keyOf(keys)))).toBe(hex(secret))
  })

  test('is refused if it commits to something else', async () => {
    const other = encodePayload([toWireMessage({ text: 'not this' }, NOW)])
    const liar = await sealAnything(plainPayload, commitmentTo(other, secret))
    const refusal = await expectProtocolError(() => openSealed(liar, keyOf(keys)), 'ERR_SEAL_OPEN')
    expect(refusal.message).toContain('commits')
    await expectProtocolError(() => openPayload(liar, secret), 'ERR_SEAL_OPEN')
  })

  test.each<[string, Uint8Array]>([
    ['no payload', Uint8Array.of(1, 2, 3)],
    ['more messages than the header counts', Buffer.concat([plainPayload, plainPayload])],
    ['a message that nobody may send', encodePayload([{ ...toWireMessage({ text: '' }, NOW), type: '' }])],
  ])('is refused if it is %s', async (_what, payload) => {
    const liar = await sealAnything(payload, commitmentTo(payload, secret))
    await expectProtocolError(() => openSealed(liar, keyOf(keys)), 'ERR_SEAL_OPEN')
  })
})

test('a plain payload is not opened as a sealed one', async () => {
  const plain = { ...sealedHeader, encoding: ENCODING_PLAIN, payload: plainPayload }
  await expectProtocolError(() => openSealed(plain, keyOf(keys)), 'ERR_SEAL_OPEN')
})
