import { expect, test } from 'vitest'
import { Counters } from '../src/counters.ts'
import type { MessageStore, Operation, StoredEntry } from '../src/index.ts'
import { counterKey } from '../src/keys.ts'
import { append, collect, inShort, offer } from './fixtures/batches.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'

const NOBODY = new Uint8Array(57)
const SENDER_KIND = 1

const by = (identity: string) => new LogWriter({ identity, signed: false })

async function fill(store: MessageStore, writer: LogWriter, batches: number): Promise<void> {
  for (let i = 0; i < batches; i++) await append(store, await writer.write({ count: 2 }))
}

async function batchesOf(store: MessageStore, { signer }: LogWriter): Promise<number> {
  return (await collect(store.read({ sender: signer.publicKey }))).length
}

/** Makes room for a part of what is stored. */
function shrinkTo(store: MessageStore, part: number, own: Uint8Array = NOBODY) {
  return store.prune({ receivedBeforeMs: 0, maxBytes: store.sizes.storedBytes * part, own })
}

/** What is said to be stored of each sender on the disk, the most first. */
async function storedBySender(database: FaultyDatabase): Promise<number[]> {
  const counters = new Counters({ database })
  await counters.load()
  const sizes = counters.storedBySender().map(({ storedBytes }) => storedBytes)
  return sizes.filter((size) => size > 0).sort((a, b) => b - a)
}

test('what may not go of one is taken from the share of those who have the most, and not from who has little', async () => {
  const store = await openStore()
  const [alice, bob, me] = [by('alice'), by('bob'), by('me')]
  await fill(store, alice, 5)
  await fill(store, me, 40)
  await fill(store, bob, 55)
  const maxBytes = store.sizes.storedBytes * 0.6
  const pruned = await shrinkTo(store, 0.6, me.signer.publicKey)
  expect(pruned.pinned).toBe(40)
  expect(await batchesOf(store, me)).toBe(40)
  expect(await batchesOf(store, alice)).toBe(5)
  expect(await batchesOf(store, bob)).toBe(15)
  expect(store.sizes.storedBytes).toBeLessThanOrEqual(maxBytes)

  // What may not go is more than there is room for: nothing else stays but the last, which carries the order on.
  expect(await shrinkTo(store, 0.5, me.signer.publicKey)).toMatchObject({ entries: 5 + 14, pinned: 40 })
})

test('those who have no counter of their own have one share, and take from nobody who has one', async () => {
  const database = await FaultyDatabase.create()
  await database.open()
  const group: Operation[] = []
  for (let i = 0; i < 8191; i++) {
    const sender = Buffer.alloc(57)
    sender.writeUInt32BE(i)
    group.push({ type: 'put', key: counterKey(SENDER_KIND, sender), value: Buffer.alloc(32) })
  }
  await database.write(group, { sync: false })
  await database.close()
  const store = await openStore({ database })
  const [alice, bob, mallory, mallorysOther] = [by('alice'), by('bob'), by('mallory'), by('mallorysOther')]
  await fill(store, alice, 10)
  await fill(store, mallory, 20)
  await fill(store, bob, 1)
  await fill(store, mallorysOther, 30)
  await fill(store, alice, 1)
  const { entries } = await shrinkTo(store, 0.5)
  expect(await batchesOf(store, alice)).toBe(11)
  // Of those without one the oldest.
  expect(entries).toBeGreaterThan(30)
  expect(await batchesOf(store, mallory)).toBe(0)
  expect(await batchesOf(store, mallorysOther)).toBe(62 - 11 - entries)
})

test('what is too old makes room before shares are taken', async () => {
  const store = await openStore()
  const [alice, bob] = [by('alice'), by('bob')]
  await fill(store, alice, 5)
  const { receivedAtMs } = (await collect(store.read())).at(-1) as StoredEntry
  // The next comes at a later time, by the clock that the entries go by.
  while (Date.now() <= receivedAtMs) await new Promise(setImmediate)
  await fill(store, bob, 20)
  const maxBytes = store.sizes.storedBytes * 0.8
  const pruned = await store.prune({ receivedBeforeMs: receivedAtMs + 1, maxBytes, own: NOBODY })
  expect(pruned).toMatchObject({ entries: 5, pinned: 0 })
  expect(await batchesOf(store, bob)).toBe(20)
})

test('what says that something before the first batch of a sender is missing counts as its own', async () => {
  const database = await FaultyDatabase.create()
  const store = await openStore({ database })
  const alice = by('alice')
  await alice.write()
  const next = await alice.write()
  await offer(store, next, { wantedSinceMs: next.batch.createdAtMs + 1 })
  expect(await inShort(store)).toHaveLength(2)
  expect(await storedBySender(database)).toEqual([store.sizes.storedBytes])
  await store.prune({ receivedBeforeMs: Number.MAX_SAFE_INTEGER, maxBytes: 0, own: NOBODY })
  expect(await inShort(store)).toHaveLength(1)
  expect(await storedBySender(database)).toEqual([store.sizes.storedBytes])
  expect(store.counts({ by: 'sender' })).toMatchObject({ size: 1, counts: [{ batches: 1 }] })
})

test('a database of before what is stored was counted by sender is counted when it is opened', async () => {
  const database = await FaultyDatabase.create()
  const store = await openStore({ database })
  const [alice, bob] = [by('alice'), by('bob')]
  await fill(store, alice, 5)
  await fill(store, bob, 20)
  const { taken } = store
  const expected = await storedBySender(database)
  expect(expected).toHaveLength(2)
  await store.stop()
  await database.open()
  const group: Operation[] = []
  for (const { signer } of [alice, bob]) {
    const key = counterKey(SENDER_KIND, signer.publicKey)
    const value = (await database.get(key)) as Buffer
    group.push({ type: 'put', key, value: value.subarray(0, 24) })
  }
  await database.write(group, { sync: false })
  await database.close()
  await store.start()
  expect(await storedBySender(database)).toEqual(expected)
  expect(store.taken).toEqual(taken)
  await shrinkTo(store, 0.5)
  expect(await batchesOf(store, alice)).toBe(5)
})
