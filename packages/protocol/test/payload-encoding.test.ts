import { describe, expect, test } from 'vitest'
import {
  decodePayload,
  encodePayload,
  openBatch,
  openPayload,
  packPayload,
  payloadContentBytes,
  toWireMessage,
} from '../src/index.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { testSigner } from './identities.ts'
import { NOW, sampleBatch, unsignedEnvelope } from './samples.ts'
import { compressRuns } from './zstd-frames.ts'

const messages = ['a', 'b', 'c'].map((letter) => toWireMessage({ text: letter.repeat(1000) }, NOW))
const payload = encodePayload(messages)

describe('a batch to a topic', () => {
  test('carries its messages compressed where that pays', () => {
    const packed = packPayload(payload)
    expect(packed.encoding).toBe(1)
    expect(packed.payload.length).toBeLessThan(payload.length / 10)
    const { batch } = openBatch(unsignedEnvelope(sampleBatch({ ...packed, count: 3 })))
    expect(openPayload(batch)).toEqual(decodePayload(payload, 3))
    expect(payloadContentBytes(batch)).toBe(payload.length)
  })

  test('carries them as they are where it does not', () => {
    const small = encodePayload(messages.slice(0, 1).map((message) => ({ ...message, body: Buffer.of(1) })))
    expect(packPayload(small)).toEqual({ encoding: 0, payload: small })
    expect(payloadContentBytes({ encoding: 0, payload: small })).toBe(small.length)
  })

  test('is held to what its header counts', async () => {
    const { batch } = openBatch(unsignedEnvelope(sampleBatch({ ...packPayload(payload), count: 2 })))
    await expectProtocolError(() => openPayload(batch), 'ERR_BATCH_COUNT')
  })

  test('with compressed bytes that are no messages is refused', async () => {
    const compressed = compressRuns(Buffer.alloc(5000, 7))
    const { batch } = openBatch(unsignedEnvelope(sampleBatch({ encoding: 1, payload: compressed })))
    await expectProtocolError(() => openPayload(batch), 'ERR_MALFORMED')
  })

  test('with an encoding that nobody knows is refused, opened or not', async () => {
    for (const encoding of [3, 77, 2 ** 32 - 1]) {
      const batch = sampleBatch({ encoding })
      await expectProtocolError(() => openBatch(unsignedEnvelope(batch)), 'ERR_BATCH_FIELD')
      await expectProtocolError(() => openPayload(batch), 'ERR_BATCH_FIELD')
    }
  })
})

test('a compressed batch to an inbox is refused', async () => {
  const channel = `inbox/${testSigner(2).pastelId}`
  const envelope = unsignedEnvelope(sampleBatch({ ...packPayload(payload), count: 3, channel }))
  await expectProtocolError(() => openBatch(envelope), 'ERR_BATCH_FIELD')
})
