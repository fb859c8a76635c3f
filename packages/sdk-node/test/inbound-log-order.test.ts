import { setImmediate } from 'node:timers/promises'
import type { SignedBatch } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { freshWriter, openInbound, stored } from './fixtures/inbound.ts'
import { batchesOf, openStore } from './fixtures/storage.ts'
import { type LogWriter, waitUntil } from './fixtures/testkit.ts'

async function writeMany(writer: LogWriter, count: number): Promise<SignedBatch[]> {
  const batches: SignedBatch[] = []
  for (let i = 0; i < count; i += 1) batches.push(await writer.write({ count: (i % 3) + 1 }))
  return batches
}

test.each(['gossip', 'sync'] as const)(
  'batches of one log that come at once are placed in order: %s',
  async (via) => {
    const inbound = await openInbound()
    const batches = await writeMany(freshWriter(), 100)
    const verdicts = await Promise.all(batches.map(({ envelope }) => stored(inbound[via](envelope))))
    expect(verdicts.every((verdict) => verdict.action === 'accept' && 'committed' in verdict)).toBe(true)
    const order = await batchesOf(inbound.store.read())
    expect(order.map(({ signed }) => signed.batch.first)).toEqual(batches.map(({ batch }) => batch.first))
  },
)

test('also if what the first looked up on the disk comes late', async () => {
  const database = await FaultyDatabase.create()
  const { gossip, counters } = await openInbound({ store: await openStore({ database }) })
  const [first, second] = (await writeMany(freshWriter(), 2)) as [SignedBatch, SignedBatch]
  const held = database.holdReads()
  const receivingFirst = stored(gossip(first.envelope))
  await database.happened('read held')
  held.stop()
  const receivingSecond = stored(gossip(second.envelope))
  await waitUntil(() => counters.verifications === 1, { what: 'the second to be verified', everyMs: 1 })
  for (let turn = 0; turn < 100; turn += 1) await setImmediate()
  held.release()
  expect(await receivingFirst).toMatchObject({ action: 'accept' })
  expect(await receivingSecond).toHaveProperty('committed')
  expect(counters.dropped.gap).toBe(0)
})

test('a run that follows another is placed after it', async () => {
  const inbound = await openInbound()
  const writer = freshWriter()
  const batches: SignedBatch[] = []
  for (let run = 0; run < 40; run += 1) batches.push(await writer.write(), await writer.newRun().write())
  const verdicts = await Promise.all(batches.map(({ envelope }) => stored(inbound.sync(envelope))))
  expect(verdicts.every((verdict) => verdict.action === 'accept' && 'committed' in verdict)).toBe(true)
  expect(inbound.counters.dropped.gap).toBe(0)
})

test('batches that wait for their rate keep their order', async () => {
  const { sync, counters, store } = await openInbound({
    peerRates: {
      bytes: { perSecond: 2_000_000, burst: 100_000 },
      batches: { perSecond: 1e6, burst: 1e6 },
    },
  })
  const writer = freshWriter()
  const batches: SignedBatch[] = []
  // Large ones have to save up; small ones must not overtake them.
  for (let i = 0; i < 16; i += 1) {
    batches.push(await writer.write({ bodies: [new Uint8Array(i % 2 === 0 ? 60_000 : 10)] }))
  }
  await Promise.all(batches.map(({ envelope }) => stored(sync(envelope))))
  expect(counters.dropped.gap).toBe(0)
  expect(store.end).toBe(16)
})

test('logs of different senders do not wait for each other', async () => {
  const { sync, store } = await openInbound({
    senderRates: { bytes: { perSecond: 1e12, burst: 1e12 }, batches: { perSecond: 0.001, burst: 1 } },
  })
  const [first, second] = (await writeMany(freshWriter(), 2)) as [SignedBatch, SignedBatch]
  const abort = new AbortController()
  await stored(sync(first.envelope))
  const waiting = sync(second.envelope, { signal: abort.signal })
  await stored(sync((await freshWriter({ identity: 'bob' }).write()).envelope))
  expect(store.end).toBe(first.batch.count + 1)
  abort.abort()
  await expect(waiting).rejects.toThrow()
})
