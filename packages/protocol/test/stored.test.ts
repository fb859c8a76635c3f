import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  encodeBatch,
  encodePayload,
  makeEnvelope,
  openBatch,
  openPayload,
  packPayload,
  readStoredBatch,
  readStoredMessages,
  SIGNATURE_BYTES,
  toWireMessage,
} from '../src/index.ts'
import { batch, messageInput, RUNS, topicBatch } from './arbitraries.ts'

test('what was stored is read as it was opened, whatever it is', () => {
  const contents = fc.record({
    batch: topicBatch,
    messages: fc.array(messageInput, { minLength: 1, maxLength: 5 }),
  })
  fc.assert(
    fc.property(contents, ({ batch: header, messages }) => {
      const payload = encodePayload(messages.map((message) => toWireMessage(message, header.createdAtMs)))
      const bytes = encodeBatch({ ...header, ...packPayload(payload), count: messages.length })
      const envelope = makeEnvelope(new Uint8Array(SIGNATURE_BYTES).fill(7), bytes)
      const opened = openBatch(envelope)
      const stored = readStoredBatch(envelope)
      const { signature, hash, log, logBytes } = stored
      expect({ envelope: stored.envelope, signature, hash, log, logBytes, batch: stored.batch }).toEqual(
        opened,
      )
      expect(readStoredMessages(stored.batch)).toEqual(openPayload(opened.batch))
    }),
    { numRuns: RUNS },
  )
})

test('hashes are computed once', () => {
  const [header] = fc.sample(batch, 1)
  if (header === undefined) throw new Error('no batch')
  const stored = readStoredBatch(makeEnvelope(new Uint8Array(SIGNATURE_BYTES), encodeBatch(header)))
  expect(stored.hash).toBe(stored.hash)
  expect(stored.logBytes).toBe(stored.logBytes)
})
