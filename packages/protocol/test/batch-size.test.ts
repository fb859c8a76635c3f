import { describe, expect, test } from 'vitest'
import {
  encodePayload,
  MAX_BATCH_HEADER_BYTES,
  MAX_BODY_BYTES,
  MAX_ENVELOPE_BYTES,
  MAX_NUMBER,
  MAX_PAYLOAD_BYTES,
  MAX_TIME_MS,
  makeEnvelope,
  openBatch,
  toWireMessage,
} from '../src/index.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { testSigner } from './identities.ts'
import { NOW, sampleBatch, unsignedEnvelope } from './samples.ts'

describe('the size of a batch', () => {
  test.each([0, 1, 114])('an envelope of %i bytes has no batch in it', async (length) => {
    await expectProtocolError(() => openBatch(new Uint8Array(length)), 'ERR_BATCH_SIZE')
  })

  test('an envelope over the limit is refused unread', async () => {
    await expectProtocolError(() => openBatch(new Uint8Array(MAX_ENVELOPE_BYTES + 1)), 'ERR_BATCH_SIZE')
    await expectProtocolError(() => openBatch(new Uint8Array(MAX_ENVELOPE_BYTES)), 'ERR_NOT_CANONICAL')
  })

  test('a payload of 512 KiB passes, one byte more does not', async () => {
    const payload = new Uint8Array(MAX_PAYLOAD_BYTES)
    expect(openBatch(unsignedEnvelope(sampleBatch({ payload }))).batch.payload.length).toBe(MAX_PAYLOAD_BYTES)
    const longer = new Uint8Array(MAX_PAYLOAD_BYTES + 1)
    const refusal = await expectProtocolError(
      () => openBatch(unsignedEnvelope(sampleBatch({ payload: longer }))),
      'ERR_BATCH_FIELD',
    )
    expect(refusal.message).toContain('payload')
  })

  test('a header of more than 1024 bytes is refused', async () => {
    const channel = `topic/${'a'.repeat(MAX_BATCH_HEADER_BYTES)}`
    const refusal = await expectProtocolError(
      () => openBatch(unsignedEnvelope(sampleBatch({ channel }))),
      'ERR_BATCH_FIELD',
    )
    expect(refusal.message).toContain('header is too long')
  })

  test('the longest legal batch fits', () => {
    const batch = sampleBatch({
      network: 'n'.repeat(32),
      channel: `topic/${'t'.repeat(100)}`,
      previous: new Uint8Array(32).fill(1),
      follows: { run: new Uint8Array(16).fill(1), head: MAX_NUMBER },
      count: 512,
      createdAtMs: MAX_TIME_MS - 1,
      expiresAtMs: MAX_TIME_MS,
      payload: new Uint8Array(MAX_PAYLOAD_BYTES),
    })
    const envelope = unsignedEnvelope(batch)
    expect(openBatch(envelope).batch.payload.length).toBe(MAX_PAYLOAD_BYTES)
    expect(envelope.length - MAX_PAYLOAD_BYTES - 114).toBeLessThan(MAX_BATCH_HEADER_BYTES / 2)
  })

  test('the largest message fits in a batch', () => {
    const headers = Object.fromEntries(
      Array.from({ length: 32 }, (_, i) => [
        `${'h'.repeat(62)}${String(i).padStart(2, '0')}`,
        'v'.repeat(1024),
      ]),
    )
    const message = toWireMessage(
      {
        bytes: new Uint8Array(MAX_BODY_BYTES),
        type: 't'.repeat(128),
        headers,
        replyTo: `${'a'.repeat(26)}-${MAX_NUMBER}`,
      },
      NOW,
    )
    const payload = encodePayload([{ ...message, repeats: message.replyTo }])
    expect(openBatch(unsignedEnvelope(sampleBatch({ payload }))).batch.payload.length).toBe(payload.length)
  })

  test('the parts of an envelope are what they were made of', () => {
    const signature = new Uint8Array(114).fill(6)
    const bytes = unsignedEnvelope(sampleBatch()).subarray(114)
    const opened = openBatch(makeEnvelope(signature, bytes))
    expect(opened.signature).toEqual(signature)
    expect(opened.batch.sender).toEqual(testSigner(1).publicKey)
  })
})
