import { describe, expect, test } from 'vitest'
import { type Batch, inboxChannel, MAX_NUMBER, MAX_TIME_MS, openBatch } from '../src/index.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { testSigner } from './identities.ts'
import { NOW, sampleBatch, unsignedEnvelope } from './samples.ts'
import { sealSample } from './sealed-samples.ts'

const open = (changes: Partial<Batch>) => openBatch(unsignedEnvelope(sampleBatch(changes)))

const inbox = inboxChannel(testSigner(2).pastelId)
const { batch: sealed } = await sealSample()

const illegal: Readonly<Record<string, Partial<Batch>>> = {
  'no network': { network: '' },
  'a network in upper case': { network: 'Example' },
  'a sender of 56 bytes': { sender: new Uint8Array(56).fill(1) },
  'a sender of 58 bytes': { sender: new Uint8Array(58).fill(1) },
  'no channel': { channel: '' },
  'a channel of an unknown kind': { channel: 'group/prices' },
  'a topic with a space': { channel: 'topic/a b' },
  'an inbox of nobody': { channel: `inbox/${'j'.repeat(86)}` },
  'a run of 15 bytes': { run: new Uint8Array(15).fill(1) },
  'a run of 17 bytes': { run: new Uint8Array(17).fill(1) },
  'a previous hash of 31 bytes': { previous: new Uint8Array(31) },
  'a later previous hash of 31 bytes': { first: 1, previous: new Uint8Array(31).fill(1) },
  'a later previous hash of 33 bytes': { first: 1, previous: new Uint8Array(33).fill(1) },
  'no previous hash': { previous: new Uint8Array(0) },
  'a count of 0': { count: 0 },
  'a count of 513': { count: 513 },
  'an expiry that no date can show': { expiresAtMs: MAX_TIME_MS + 1 },
  'positions that leave the range': { first: MAX_NUMBER, previous: new Uint8Array(32).fill(1) },
  'no time': { createdAtMs: 0 },
  'an expiry at its creation': { expiresAtMs: NOW },
  'an expiry before its creation': { expiresAtMs: 1 },
  'a sealed payload, to a topic': { encoding: 2 },
  'a plain payload, to an inbox': { channel: inbox, expiresAtMs: NOW + 1 },
  'a compressed payload, to an inbox': { channel: inbox, expiresAtMs: NOW + 1, encoding: 1 },
  'an inbox and no expiry': { ...sealed, expiresAtMs: 0 },
  'an inbox and an expiry after more than 30 days': {
    ...sealed,
    expiresAtMs: NOW + 30 * 24 * 3_600_000 + 1,
  },
  'an unknown encoding': { encoding: 77 },
}

describe('a batch', () => {
  test.each(Object.entries(illegal))('with %s is refused', async (_what, changes) => {
    await expectProtocolError(() => open(changes), 'ERR_BATCH_FIELD')
  })

  test('of another version is refused', async () => {
    const envelope = unsignedEnvelope(sampleBatch())
    expect(envelope.subarray(114, 116)).toEqual(Uint8Array.of(0x08, 1))
    envelope[115] = 2
    await expectProtocolError(() => openBatch(envelope), 'ERR_BATCH_FIELD')
  })

  test('may go to a topic or, sealed, to an inbox', () => {
    for (const change of [{ channel: 'topic/a' }, sealed]) {
      expect(open(change).batch.channel).toBe(change.channel)
    }
  })

  test('to an inbox may live 30 days', () => {
    const expiresAtMs = NOW + 30 * 24 * 3_600_000
    expect(open({ ...sealed, expiresAtMs }).batch.expiresAtMs).toBe(expiresAtMs)
  })

  test('may count 512 messages, and be the last that the positions allow', () => {
    const previous = new Uint8Array(32).fill(1)
    const { batch } = open({ count: 512, first: MAX_NUMBER - 512, previous })
    expect(batch.first + batch.count).toBe(MAX_NUMBER)
  })

  test('may expire a millisecond after its creation', () => {
    expect(open({ expiresAtMs: NOW + 1 }).batch.expiresAtMs).toBe(NOW + 1)
  })
})
