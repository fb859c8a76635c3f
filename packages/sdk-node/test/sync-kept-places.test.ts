import type { MessageStore } from '@pastel-mesh/storage'
import { expect, test } from 'vitest'
import { KeptPlaces } from '../src/sync/kept-places.ts'
import type { SyncPlace } from '../src/sync/sync-place.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { appendAll, openStore } from './fixtures/storage.ts'
import { LogWriter, seededSigner, waitUntil } from './fixtures/testkit.ts'

const CHANNELS = ['topic/test']
const NOBODY = new Set<string>()
const cursor = (position: number) => ({
  store: Buffer.alloc(16, 3),
  position,
  hash: Buffer.alloc(8, 4),
})

async function begin(store: MessageStore, gatherMs = 3_600_000): Promise<KeptPlaces> {
  const places = new KeptPlaces({ gatherMs }, { store })
  await places.start()
  return places
}

const advance = (place: SyncPlace, position: number) =>
  place.advance(CHANNELS, { cursor: cursor(position), sinceMs: 0 })
const positionOf = (places: KeptPlaces, name: string) =>
  places.get(name)?.checkpoint(CHANNELS, 0)?.cursor.position

async function valuesOf(store: MessageStore): Promise<string[]> {
  const names: string[] = []
  for await (const [name] of store.values.read('sync/')) names.push(name)
  return names
}

test('places are on the disk when it stops, and again when they changed for a while', async () => {
  const store = await openStore()
  const before = await begin(store)
  advance(before.open('bob', NOBODY), 5)
  before.changed()
  expect(await valuesOf(store)).toEqual([])
  await before.stop()
  const places = await begin(store, 1)
  expect(positionOf(places, 'bob')).toBe(5)
  advance(places.open('carol', NOBODY), 6)
  places.changed()
  await waitUntil(async () => (await valuesOf(store)).length === 2, { what: 'the second to be written' })
  await places.stop()
})

test('only as many peers as there is room for are kept: the oldest go, the connected stay', async () => {
  const store = await openStore()
  const before = await begin(store)
  for (let i = 0; i < 256; i += 1) advance(before.open(`peer ${i}`, NOBODY), i + 1)
  await before.stop()
  expect(await valuesOf(store)).toHaveLength(256)
  const places = await begin(store)
  places.open('one more', new Set(['peer 0']))
  expect(positionOf(places, 'peer 0')).toBe(1)
  expect(places.get('peer 1')).toBeUndefined()
  await places.stop()
  expect(await valuesOf(store)).not.toContain('sync/peer 1')
  expect((await valuesOf(store)).length).toBeLessThanOrEqual(256)
})

test('what is damaged is forgotten and removed', async () => {
  const store = await openStore()
  const before = await begin(store)
  advance(before.open('bob', NOBODY), 5)
  await before.stop()
  await store.values.write([{ name: 'sync/carol', value: Buffer.from('damaged') }])
  const places = await begin(store)
  expect(places.get('carol')).toBeUndefined()
  expect(positionOf(places, 'bob')).toBe(5)
  await places.stop()
  expect(await valuesOf(store)).toEqual(['sync/bob'])
})

test('places that another order kept, or a longer one, are void', async () => {
  const [store, other] = [await openStore(), await openStore()]
  const writer = new LogWriter({ identity: 'alice' })
  await appendAll(store, [await writer.write(), await writer.write()])
  const before = await begin(store)
  advance(before.open('bob', NOBODY), 5)
  await before.stop()
  const values: { name: string; value: Buffer }[] = []
  for await (const [name, value] of store.values.read('sync/')) values.push({ name, value })
  await other.values.write(values)
  expect((await begin(other)).get('bob')).toBeUndefined()
  expect(positionOf(await begin(store), 'bob')).toBe(5)
})

test('a place of which more is wanted than a value holds is not kept', async () => {
  const store = await openStore()
  const before = await begin(store)
  const place = before.open('bob', NOBODY)
  const carol = seededSigner('carol')
  advance(place, 5)
  for (let i = 0; i < 4096; i += 1) {
    const { log } = new LogWriter({ identity: 'carol', runs: `${i}` }, carol)
    place.defer({ log, channel: 'topic/test', first: 0, last: 1 }, 0)
  }
  await before.stop()
  expect(await valuesOf(store)).toEqual([])
})

test('a commit that fails keeps a place that was ahead of it from the disk', async () => {
  const database = await FaultyDatabase.create()
  const store = await openStore({ directory: database.directory, database })
  const places = await begin(store)
  const release = database.holdWrites()
  database.failNextWrites('lost')
  const placement = await store.place(await new LogWriter({ identity: 'alice' }).write())
  if (placement.status !== 'appended') throw new Error('not appended')
  // As a pass does that finds the batch in its log, on its way to the disk.
  advance(places.open('bob', NOBODY), 1)
  const failed = expect(placement.committed).rejects.toThrow()
  const stopped = places.stop()
  release()
  await Promise.all([failed, stopped])
  await waitUntil(() => store.writer.isOpen, { what: 'the store to be open again' })
  expect(await valuesOf(store)).toEqual([])
})
