import { randomBytes } from 'node:crypto'
import { MAX_PAYLOAD_BYTES, payloadContentBytes, textOf } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { freshWriter, openInbound, stored } from './fixtures/inbound.ts'
import { openOutbound } from './fixtures/outbound.ts'
import { batchesOf } from './fixtures/storage.ts'
import { seededSigner } from './fixtures/testkit.ts'

const lines = (count: number, length: number) =>
  Array.from({ length: count }, (_, i) => ({ text: `${i} `.padEnd(length, 'what repeats itself ') }))

test('what repeats itself leaves compressed, and is read by another node as it was', async () => {
  const { publishMany, delivered } = await openOutbound()
  const sent = lines(100, 300)
  await publishMany(sent)
  const { gossip, store } = await openInbound()
  for (const { signed, envelope } of delivered) {
    expect(signed.batch.encoding).toBe(1)
    expect(envelope.length).toBeLessThan(payloadContentBytes(signed.batch) / 4)
    await stored(gossip(envelope))
  }
  const texts: string[] = []
  for (const batch of await batchesOf(store.read())) texts.push(...batch.messages().map(textOf))
  expect(texts).toEqual(sent.map(({ text }) => text))
})

test('random bodies, and what is small, leave as they are', async () => {
  const { publish, delivered } = await openOutbound()
  await publish({ bytes: randomBytes(100_000) })
  await publish({ text: 'a'.repeat(300) })
  expect(delivered.map(({ signed }) => signed.batch.encoding)).toEqual([0, 0])
})

test('limits count the bytes before compression', async () => {
  const { publishMany, delivered } = await openOutbound()
  await publishMany(lines(12, 200_000))
  expect(delivered.length).toBeGreaterThan(4)
  for (const { signed } of delivered) {
    expect(signed.batch.encoding).toBe(1)
    expect(payloadContentBytes(signed.batch)).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES)
  }
})

test('what goes to an inbox is never compressed', async () => {
  const writer = freshWriter({ channel: `inbox/${seededSigner('bob').pastelId}` })
  await expect(writer.write({ change: { encoding: 1 } })).rejects.toMatchObject({ code: 'ERR_BATCH_FIELD' })
})
