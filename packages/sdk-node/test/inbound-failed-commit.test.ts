import { expect, test } from 'vitest'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { freshWriter, openInbound, stored } from './fixtures/inbound.ts'
import { openStore } from './fixtures/storage.ts'
import { waitUntil } from './fixtures/testkit.ts'

async function openFaulty() {
  const database = await FaultyDatabase.create()
  const store = await openStore({ database })
  const reopened = () => waitUntil(() => store.writer.isOpen, { what: 'the database to be open again' })
  return { database, reopened, ...(await openInbound({ store })) }
}

test('a failed commit is counted, and whoever forwarded the batch hears of it', async () => {
  const { database, gossip, counters, pipeline } = await openFaulty()
  database.failNextWrites('lost')
  const verdict = await gossip((await freshWriter().write()).envelope)
  if (!('committed' in verdict)) throw new Error('not accepted')
  await expect(verdict.committed).rejects.toMatchObject({ code: 'ERR_COMMIT_FAILED' })
  expect(counters.dropped.store).toBe(1)
  expect(counters.received.batches).toBe(0)
  expect(pipeline.bytesInFlight).toBe(0)
})

test.each(['gossip', 'sync'] as const)('a batch whose commit failed can come again: %s', async (via) => {
  const { database, reopened, store, ...inbound } = await openFaulty()
  const signed = await freshWriter().write()
  database.failNextWrites('lost')
  await expect(stored(inbound.gossip(signed.envelope))).rejects.toThrow()
  await reopened()
  expect(await stored(inbound[via](signed.envelope))).toMatchObject({ action: 'accept' })
  expect(await store.has(signed)).toBe(true)
})

test('a copy that came while the first was being written takes its place if that fails', async () => {
  const { database, gossip, sync, store, reopened } = await openFaulty()
  const signed = await freshWriter().write()
  const release = database.holdWrites()
  database.failNextWrites('lost')
  const first = stored(gossip(signed.envelope))
  await database.happened('write begun', 2)
  const copy = stored(sync(Uint8Array.from(signed.envelope)))
  release()
  await expect(first).rejects.toThrow()
  const verdict = await copy
  await reopened()
  // It was either stored, or refused in a way that lets it come again.
  if (verdict.action !== 'accept') {
    expect(verdict).toEqual({ action: 'ignore', reason: 'store' })
    await stored(sync(signed.envelope))
  }
  expect(await store.has(signed)).toBe(true)
})

test.each(['gossip', 'sync'] as const)(
  'while the database is opened anew batches are ignored: %s',
  async (via) => {
    const { database, reopened, store, counters, pipeline, ...inbound } = await openFaulty()
    const writer = freshWriter()
    const first = await writer.write()
    database.failNextWrites('lost')
    database.failOpens(1)
    await expect(stored(inbound.gossip(first.envelope))).rejects.toThrow()
    expect(await inbound[via](first.envelope)).toEqual({ action: 'ignore', reason: 'store' })
    expect(counters.dropped.store).toBe(2)
    expect(pipeline.bytesInFlight).toBe(0)
    await reopened()
    await stored(inbound[via](first.envelope))
    await stored(inbound[via]((await writer.write()).envelope))
    expect(store.end).toBe(2)
  },
)

test('batches behind one whose commit fails are not stored over the hole', async () => {
  const { database, reopened, gossip, sync, store } = await openFaulty()
  const writer = freshWriter()
  const batches = []
  for (let i = 0; i < 10; i += 1) batches.push(await writer.write())
  const release = database.holdWrites()
  database.failNextWrites('lost')
  const receiving = batches.map(({ envelope }) => stored(gossip(envelope)).catch(() => {}))
  await database.happened('write begun', 2)
  release()
  await Promise.all(receiving)
  await reopened()
  for (const { envelope } of batches) await stored(sync(envelope))
  expect(store.end).toBe(10)
})
