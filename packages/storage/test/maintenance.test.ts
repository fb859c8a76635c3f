import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { createStore, type MessageStore } from '../src/index.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'

const MIB = 1024 * 1024

async function openStore(options: { freeBytes?: number } = {}) {
  const database = await FaultyDatabase.create()
  const { freeBytes } = options
  const store = createStore(
    { directory: database.directory, minFreeBytes: 0 },
    { database, ...(freeBytes === undefined ? {} : { freeBytes: async () => freeBytes }) },
  )
  onTestFinished(() => store.stop())
  await store.start()
  return { store, database }
}

/** Writes values that do not compress, under keys of the family of the queue. */
async function write(store: MessageStore, count: number): Promise<Buffer[]> {
  const keys = Array.from({ length: count }, (_, index) => Buffer.from(`Q${index}`))
  for (const key of keys) {
    const value = randomBytes(64 * 1024)
    await store.writer.commit((group) => void group.push({ type: 'put', key, value }), { sync: false })
  }
  return keys
}

test('a compaction gives the disk back what was removed, and the rest is there', async () => {
  const { store, database } = await openStore()
  const [kept, ...removed] = await write(store, 640)
  await store.writer.commit((group) => {
    for (const key of removed) group.push({ type: 'del', key })
  })
  const before = await store.maintenance.diskBytes()
  expect(before).toBeGreaterThan(30 * MIB)
  const compacted = await store.maintenance.compact()
  expect(compacted.isWhole).toBe(true)
  // The database tidies up by itself as well.
  expect(compacted.beforeBytes).toBeGreaterThan(30 * MIB)
  expect(compacted.afterBytes).toBeLessThan(8 * MIB)
  expect(store.maintenance.lastCompaction).toEqual(compacted)
  expect(store.maintenance.compactingSinceMs).toBeUndefined()
  expect((await database.get(kept as Buffer))?.length).toBe(64 * 1024)
})

test('the store is written meanwhile, a second compaction is refused, and no stretch is begun when the time is over', async () => {
  const { store, database } = await openStore()
  const release = database.holdCompactions()
  const compacting = store.maintenance.compact({ maxMs: 1, stretchBytes: 100 })
  await database.happened('compact')
  expect(store.maintenance.compactingSinceMs).toBeGreaterThan(0)
  await expect(store.maintenance.compact()).rejects.toMatchObject({ code: 'ERR_COMPACTING' })
  await store.values.write([{ name: 'a/b', value: Buffer.from('c') }])
  release()
  expect((await compacting).isWhole).toBe(false)
  expect(database.events.filter((event) => event === 'compact')).toHaveLength(1)
  // It can be begun again.
  expect((await store.maintenance.compact()).isWhole).toBe(true)
})

test('a stop waits for the stretch that is under way, and for no other', async () => {
  const { store, database } = await openStore()
  const release = database.holdCompactions()
  const compacting = store.maintenance.compact({ stretchBytes: 100 })
  await database.happened('compact')
  const stopping = store.stop()
  expect(database.events).not.toContain('close')
  release()
  await stopping
  expect((await compacting).isWhole).toBe(false)
  expect(database.events.filter((event) => event === 'compact')).toHaveLength(1)
})

test('a compaction that fails says so, and the next is not refused', async () => {
  const { store, database } = await openStore()
  await database.close()
  await expect(store.maintenance.compact()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  expect(store.maintenance.lastCompaction).toMatchObject({
    isWhole: false,
    reason: expect.stringContaining('not open'),
  })
  await database.open()
  expect((await store.maintenance.compact()).isWhole).toBe(true)
})

test('on a disk that is all but full it is refused', async () => {
  const { store } = await openStore({ freeBytes: 63 * MIB })
  await expect(store.maintenance.compact()).rejects.toMatchObject({ code: 'ERR_COMPACT_ROOM' })
  const roomy = await openStore({ freeBytes: 64 * MIB })
  expect((await roomy.store.maintenance.compact()).isWhole).toBe(true)
})
