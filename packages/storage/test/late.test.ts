import type { SignedBatch } from '@pastel-mesh/protocol'
import { describe, expect, test } from 'vitest'
import type { MessageStore } from '../src/index.ts'
import { inShort, offer } from './fixtures/batches.ts'
import { expectSoundOrder } from './fixtures/expect-sound-order.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'

const OTHER = [Buffer.from('other')]

async function writeSome(writer: LogWriter, batches: number, count = 2): Promise<SignedBatch[]> {
  const all: SignedBatch[] = []
  for (let i = 0; i < batches; i++) all.push(await writer.write({ count }))
  return all
}

async function giveUpAll(store: MessageStore): Promise<void> {
  for (const gap of await store.gaps(10)) await store.giveUp(gap, 'denied')
  await store.settled()
}

/** A store that has given up the first three of four batches of two messages. */
async function withLostRange(database?: FaultyDatabase) {
  const store = await openStore(database === undefined ? {} : { database })
  const all = await writeSome(new LogWriter({ identity: 'alice' }), 4)
  const [first, second, third, fourth] = all as [SignedBatch, SignedBatch, SignedBatch, SignedBatch]
  await offer(store, fourth)
  await giveUpAll(store)
  expect(await inShort(store)).toEqual(['lost 0-5 (denied)', '6-7'])
  return { store, first, second, third }
}

async function statuses(store: MessageStore, batches: readonly SignedBatch[]): Promise<string[]> {
  const placed = await Promise.all(batches.map((signed) => offer(store, signed)))
  return placed.map(({ status }) => status)
}

describe('batches of a lost range that turn up', () => {
  test('at once, in the middle of it and the same one twice, contradict nothing', async () => {
    const { store, second } = await withLostRange()
    expect((await statuses(store, [second, second])).sort()).toEqual(['appended', 'known'])
    expect(store.alerts()).toEqual([])
    await expectSoundOrder(store)
  })

  test('at once, one beside the other and not from its beginning, enter all', async () => {
    const { store, first, second, third } = await withLostRange()
    expect(await statuses(store, [second, third, first])).toEqual(['appended', 'appended', 'appended'])
    expect(store.alerts()).toEqual([])
    await expectSoundOrder(store)
  })

  test('are known when another copy comes in while they are looked for', async () => {
    const database = await FaultyDatabase.create()
    const { store, first } = await withLostRange(database)
    const releaseWrites = database.holdWrites()
    const writes = database.events.filter((event) => event === 'write begun').length
    const placing = offer(store, first)
    await database.happened('write begun', writes + 1)
    const releaseRead = database.holdNextRead()
    const again = offer(store, first)
    await database.happened('read held')
    releaseWrites()
    await placing
    releaseRead()
    expect((await again).status).toBe('known')
    expect(store.alerts()).toEqual([])
  })

  test('freeze their log when they name another end of the range before, which turned up as well', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    const twin = writer.fork()
    const first = await writer.write()
    const [, second, third] = (await Promise.all([
      twin.write({ bodies: OTHER }),
      twin.write(),
      twin.write(),
    ])) as [SignedBatch, SignedBatch, SignedBatch]
    // A run shows that the first is missing; then a batch shows the second: two ranges that are given up.
    await offer(store, await writer.newRun().write())
    await giveUpAll(store)
    await offer(store, third)
    await giveUpAll(store)
    expect((await offer(store, first)).status).toBe('appended')
    expect((await offer(store, second)).status).toBe('conflict')
    await expectSoundOrder(store)
  })

  test('freeze their log when they follow another end of the run before', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    const twin = writer.fork()
    await writer.write()
    const [first, second] = await writeSome(writer.newRun(), 2)
    await offer(store, second as SignedBatch)
    await giveUpAll(store)
    expect((await offer(store, await twin.write({ bodies: OTHER }))).status).toBe('appended')
    expect((await offer(store, first as SignedBatch)).status).toBe('conflict')
    expect(await store.evidence((first as SignedBatch).logBytes)).toHaveLength(2)
    await expectSoundOrder(store)
  })

  test('and must wait for the run before hold up nothing of their own run', async () => {
    const store = await openStore()
    const writer = new LogWriter({ identity: 'alice' })
    const before = await writer.write()
    const run = await writeSome(writer.newRun(), 5)
    const [first, second, third, fourth, fifth] = run as [
      SignedBatch,
      SignedBatch,
      SignedBatch,
      SignedBatch,
      SignedBatch,
    ]
    await offer(store, second)
    await giveUpAll(store)
    expect(await statuses(store, [first])).toEqual(['held'])
    expect(await statuses(store, [fourth])).toEqual(['held'])
    const gaps = await store.gaps(10)
    expect(gaps.map(({ id, first, last }) => [id, first, last])).toEqual([
      [before.log, 0, 0],
      [first.log, 4, 5],
    ])
    await offer(store, third)
    await store.settled()
    await offer(store, fifth)
    expect(await inShort(store)).toEqual(['lost 0-1 (denied)', '2-3', '4-5', '6-7', '8-9'])
    await offer(store, before)
    await store.settled()
    expect((await inShort(store)).slice(5)).toEqual(['0-0', '0-1 late@0'])
    await expectSoundOrder(store)
  })
})

test('a range of which retention removes the entry while a part of it turns up is not looked for any more', async () => {
  const database = await FaultyDatabase.create()
  const { store, second, third } = await withLostRange(database)
  await offer(store, third)
  const pruning = store.prune({
    receivedBeforeMs: Date.now() + 60_000,
    maxBytes: Number.MAX_SAFE_INTEGER,
    own: new Uint8Array(57),
  })
  await Promise.allSettled([offer(store, second), pruning])
  expect(store.floor).toBeGreaterThan(0)
  expect(await store.lostRanges(10)).toEqual([])
})

test('what is on its way to the disk was not removed', async () => {
  const database = await FaultyDatabase.create()
  const store = await openStore({ database })
  const signed = await new LogWriter({ identity: 'alice' }).write()
  const release = database.holdWrites()
  const placing = offer(store, signed)
  await database.happened('write begun', 2)
  await store.has(signed)
  expect(await store.wasPruned({ log: signed.log, first: 0, last: 0 })).toBe(false)
  release()
  await placing
  expect(await store.wasPruned({ log: signed.log, first: 0, last: 0 })).toBe(false)
})
