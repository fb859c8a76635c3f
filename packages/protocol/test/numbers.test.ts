import { describe, expect, test } from 'vitest'
import {
  decodePayload,
  decodeSyncRequest,
  encodeSyncRequest,
  MAX_NUMBER,
  MAX_TIME_MS,
  makeEnvelope,
  openBatch,
  openCertificate,
} from '../src/index.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { signCertificateBytes, testNodeKey, testSigner } from './identities.ts'
import { NOW, sampleBatch, sampleCertificate } from './samples.ts'
import { batchSchema, certificateSchema, payloadSchema, syncRequestSchema } from './schemas.ts'
import { encodeBySchema } from './wire.ts'

const tooLarge = [2n ** 53n, 2n ** 53n + 1n, 2n ** 56n - 1n, 2n ** 56n, 2n ** 63n, 2n ** 64n - 1n]

const batchWith = (changes: object) =>
  makeEnvelope(new Uint8Array(114), encodeBySchema(batchSchema, { version: 1, ...sampleBatch(), ...changes }))

const follows = (head: bigint) => ({
  follows: { run: new Uint8Array(16).fill(1), head },
  previous: new Uint8Array(32).fill(1),
})

describe.each(tooLarge)('the number %s is refused', (number) => {
  test.each([
    ['a first position', { first: number, previous: new Uint8Array(32).fill(1) }],
    ['a time', { createdAtMs: number }],
    ['an expiry', { expiresAtMs: number }],
    ['a followed head', follows(number)],
    ['a count', { count: number }],
    ['an encoding', { encoding: number }],
  ])('as %s of a batch', async (_field, changes) => {
    await expectProtocolError(() => openBatch(batchWith(changes)))
  })

  test('as the time of a message', async () => {
    const message = { type: 'a', createdAt: number, headers: [] }
    await expectProtocolError(() => decodePayload(encodeBySchema(payloadSchema, { messages: [message] }), 1))
  })

  test.each(['serial', 'notAfterMs'])('as %s of a certificate', async (name) => {
    const bytes = encodeBySchema(certificateSchema, { version: 1, ...sampleCertificate(), [name]: number })
    const envelope = await signCertificateBytes(bytes, testSigner(1), testNodeKey(1))
    await expectProtocolError(() => openCertificate(envelope))
  })

  test('in a sync request', async () => {
    const range = { log: new Uint8Array(16), first: 0, last: number }
    const cursor = { store: new Uint8Array(16), position: number, hash: new Uint8Array(8) }
    for (const fields of [
      { id: number, ranges: { ranges: [] } },
      { id: 1, ranges: { ranges: [range] } },
      { id: 1, ranges: { ranges: [], maxBytes: number } },
      { id: 1, heads: { from: cursor, channels: [] } },
      { id: 1, heads: { channels: [], stored: cursor } },
      { id: 1, heads: { channels: [], sinceMs: number } },
      { id: 1, ranges: { ranges: [], sinceMs: number } },
    ]) {
      await expectProtocolError(() => decodeSyncRequest(encodeBySchema(syncRequestSchema, fields)))
    }
  })
})

describe('the largest numbers', () => {
  test('pass in a batch', () => {
    const envelope = batchWith({ ...follows(BigInt(MAX_NUMBER)), createdAtMs: NOW, expiresAtMs: MAX_TIME_MS })
    const { batch } = openBatch(envelope)
    expect(batch.follows?.head).toBe(MAX_NUMBER)
    expect(batch.expiresAtMs).toBe(MAX_TIME_MS)
  })

  test('pass in a sync request', () => {
    const request = { kind: 'ranges', id: MAX_NUMBER, ranges: [], maxBytes: 2 ** 32 - 1 } as const
    expect(decodeSyncRequest(encodeSyncRequest(request))).toEqual(request)
  })
})
