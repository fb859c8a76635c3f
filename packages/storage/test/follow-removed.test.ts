import { expect, test } from 'vitest'
import { ArrivalOrder } from '../src/arrival-order.ts'
import type { ArrivalReader } from '../src/arrival-reader.ts'
import type { CommitWriter } from '../src/commit-writer.ts'
import { storeUnavailable } from '../src/errors.ts'
import { follow } from '../src/follow.ts'
import type { MessageStore, StoredEntry } from '../src/index.ts'
import { append } from './fixtures/batches.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'

const NOBODY = new Uint8Array(57)

const by = (identity: string, topic: string) =>
  new LogWriter({ identity, channel: `topic/${topic}`, signed: false })

async function fill(store: MessageStore, writer: LogWriter, batches: number): Promise<void> {
  for (let i = 0; i < batches; i++) await append(store, await writer.write())
}

test('a follower is told once of what is removed ahead of it while it reads, and once where it passes that', async () => {
  const store = await openStore()
  const [alice, mallory] = [by('alice', 'small'), by('mallory', 'flood')]
  for (let i = 0; i < 60; i++) {
    await fill(store, mallory, 4)
    await fill(store, alice, 1)
  }
  // Nothing is in memory any more.
  await store.stop()
  await store.start()
  const follower = store.follow({ channel: 'topic/small' })
  const { storedBytes } = store.sizes
  const shown: string[] = []
  let maxBytes = storedBytes
  while (shown.filter((kind) => kind === 'batch').length < 60) {
    shown.push((await follower.next()).value.kind)
    // Of somebody else, each time some more, and so that the floor is ahead of the follower.
    maxBytes = Math.max(maxBytes - storedBytes / 50, storedBytes * 0.45)
    await store.prune({ receivedBeforeMs: 0, maxBytes, own: NOBODY })
  }
  expect(store.floor).toBeGreaterThan(200)
  expect(shown.slice(0, 3)).toEqual(['batch', 'removed', 'batch'])
  expect(shown.filter((kind) => kind === 'removed').length).toBeLessThanOrEqual(2)
})

test('a follower is told wherever something went in front of what it is shown', async () => {
  const store = await openStore()
  await fill(store, by('mallory', 'flood'), 100)
  await store.stop()
  await store.start()
  const follower = store.follow({ channel: 'topic/flood' })
  const { storedBytes } = store.sizes
  const pruneTo = (part: number) =>
    store.prune({ receivedBeforeMs: 0, maxBytes: storedBytes * part, own: NOBODY })
  const shown: { kind: string; position: number }[] = []
  const takeTo = async (last: number) => {
    while (shown.at(-1)?.kind !== 'batch' || shown.at(-1)?.position !== last) {
      const { kind, position } = (await follower.next()).value
      shown.push({ kind, position })
    }
  }
  await takeTo(0)
  await pruneTo(0.9)
  const { floor } = store
  await takeTo(15)
  await pruneTo(0.4)
  await takeTo(99)
  const batches = shown.filter(({ kind }) => kind === 'batch').map(({ position }) => position)
  const behindGap = batches.find((position, i) => i > 0 && position !== (batches[i - 1] as number) + 1)
  // What it had read already it is shown all the same.
  expect(behindGap).toBe(store.floor)
  expect(shown.filter(({ kind }) => kind === 'removed').map(({ position }) => position)).toEqual([
    1,
    floor,
    behindGap,
  ])
})

test('a follower of a channel of which all that was ahead is gone is told so', async () => {
  const store = await openStore()
  const [alice, mallory] = [by('alice', 'small'), by('mallory', 'flood')]
  await fill(store, mallory, 2)
  const follower = store.follow({ channel: 'topic/flood' })
  for (const position of [0, 1]) expect((await follower.next()).value).toMatchObject({ position })
  await fill(store, mallory, 10)
  await fill(store, alice, 2)
  await store.prune({ receivedBeforeMs: Number.MAX_SAFE_INTEGER, maxBytes: 0, own: NOBODY })
  expect((await follower.next()).value).toEqual({ kind: 'removed', position: store.floor })
  const next = follower.next()
  await fill(store, mallory, 1)
  expect((await next).value).toMatchObject({ kind: 'batch', position: 14 })
})

test('a follower that reads on from memory has passed what was removed: no place goes back', async () => {
  const entryAt = (position: number) => ({ kind: 'lost', position, count: 1 }) as unknown as StoredEntry
  const order = new ArrivalOrder()
  order.reset({ position: 4, count: 1, runningHash: new Uint8Array(8), receivedAtMs: 0 })
  for (let position = 5; position < 10; position++) order.append(entryAt(position))
  const removed = { floor: 0, removals: 0 }
  const readings = [[0, 1, 5, 6], [10]]
  // The first is cut off, inside of what is in memory and in front of the floor.
  async function* read(): AsyncGenerator<StoredEntry> {
    for (const position of readings.shift() as number[]) yield entryAt(position)
    if (readings.length > 0) throw storeUnavailable('was closed')
  }
  const follower = follow(
    {
      order,
      reader: { read } as unknown as ArrivalReader,
      writer: { isOpen: true } as CommitWriter,
      floor: () => removed.floor,
      removals: () => removed.removals,
    },
    {},
  )
  const places: number[] = []
  const takeTo = async (last: number) => {
    while (places.at(-1) !== last) places.push((await follower.next()).value.position)
  }
  await takeTo(0)
  Object.assign(removed, { floor: 8, removals: 1 })
  await takeTo(9)
  expect(places).toEqual([0, 1, 1, 5, 6, 7, 8, 9])
  order.append(entryAt(10))
  order.tail.dropBefore(11)
  await takeTo(10)
  expect(places).toEqual([0, 1, 1, 5, 6, 7, 8, 9, 10])
})
