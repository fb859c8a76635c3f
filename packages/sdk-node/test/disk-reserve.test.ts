import type { DiskState, MessageStore } from '@pastel-mesh/storage'
import { expect, test } from 'vitest'
import { BatchHolder } from './fixtures/batch-holder.ts'
import { FakeDisk } from './fixtures/fake-disk.ts'
import { freshWriter, openInbound, stored } from './fixtures/inbound.ts'
import { joinHolder } from './fixtures/lying-holder.ts'
import { connect, hears, numbered, startNode, stores } from './fixtures/nodes.ts'
import { openOutbound } from './fixtures/outbound.ts'
import { openStore } from './fixtures/storage.ts'
import { LogWriter, waitUntil } from './fixtures/testkit.ts'

/** Longer than any test: whatever sync does, it does for another reason. */
const NEVER_MS = 3_600_000

async function openLow() {
  const disk = new FakeDisk()
  disk.fill()
  return { disk, store: await openStore({ freeBytes: disk.freeBytes }) }
}

function hasRoom({ disk }: MessageStore, room = true): Promise<unknown> {
  return waitUntil(() => disk.hasRoom === room, { what: `the disk to have ${room ? 'room' : 'none'}` })
}

test('own messages are refused before anything is signed, with what to do', async () => {
  const { disk, store } = await openLow()
  const { publish, publishMany, counters } = await openOutbound({ store })
  const refusal = {
    code: 'ERR_DISK_RESERVE',
    message: expect.stringMatching(/has 0 MiB free, below the reserve of 256 MiB: free 320 MiB or lower/),
  }
  await expect(publish({ text: 'one' })).rejects.toMatchObject(refusal)
  await expect(publishMany(numbered(10))).rejects.toMatchObject(refusal)
  expect(counters.published.batches).toBe(0)
  disk.free()
  await hasRoom(store)
  await publish({ text: 'two' })
  expect(store.end).toBe(1)
})

test.each(['gossip', 'sync'] as const)('a batch is deferred unverified, and taken later: %s', async (via) => {
  const { disk, store } = await openLow()
  const { counters, ...inbound } = await openInbound({ store })
  const { envelope } = await freshWriter().write()
  expect(await inbound[via](envelope)).toEqual({ action: 'ignore', reason: 'disk-reserve' })
  expect(counters).toMatchObject({ verifications: 0, dropped: { 'disk-reserve': 1 } })
  disk.free()
  await hasRoom(store)
  expect(await stored(inbound[via](envelope))).toMatchObject({ action: 'accept' })
})

test('a node without room asks for nothing, and for everything at once when there is room', async () => {
  const disk = new FakeDisk()
  const bob = await startNode({ identity: 'bob', disk, syncIntervalMs: 20 })
  disk.fill()
  await hasRoom(bob.store, false)
  const writer = new LogWriter({ identity: 'carol' })
  const holder = new BatchHolder([await writer.write(), await writer.write()])
  await joinHolder(bob, holder)
  const alice = await startNode({ identity: 'alice' })
  await connect(bob, alice)
  await hears(alice, bob)
  await alice.node.publish('test', { text: 'hello' })
  await waitUntil(() => bob.node.counters.dropped['disk-reserve'] > 0, { what: 'a batch to be deferred' })
  expect(holder.requests).toEqual([])
  expect(bob.store.end).toBe(0)

  disk.free()
  await stores(bob, 3)
})

test('a pass during which the disk fills up ends, and the next goes on where it stood', async () => {
  const disk = new FakeDisk()
  const bob = await startNode({ identity: 'bob', disk, syncIntervalMs: NEVER_MS })
  const writer = new LogWriter({ identity: 'carol' })
  const batches = [await writer.write(), await writer.write(), await writer.write()]
  const holder = new BatchHolder(batches)
  holder.ranges = async function* (request) {
    disk.fill()
    await hasRoom(bob.store, false)
    yield holder.honestRanges(request)
  }
  await joinHolder(bob, holder)
  await waitUntil(() => holder.dropped > 0, { what: 'the reader to give up' })
  expect(bob.store.end).toBe(0)
  const asked = holder.requests.length

  holder.ranges = (request) => [holder.honestRanges(request)]
  disk.free()
  await stores(bob, 3)
  expect(holder.requests.length).toBeGreaterThan(asked)
})

test('the operator hears of every change once', async () => {
  const disk = new FakeDisk()
  const bob = await startNode({ identity: 'bob', disk })
  const states: DiskState[] = []
  bob.node.addEventListener('disk', ({ detail }) => states.push(detail.state))
  for (let round = 0; round < 2; round += 1) {
    disk.fill()
    await hasRoom(bob.store, false)
    for (let i = 0; i < 20; i += 1) {
      await expect(bob.node.publish('test', { text: 'x' })).rejects.toMatchObject({
        code: 'ERR_DISK_RESERVE',
      })
    }
    disk.free()
    await hasRoom(bob.store)
  }
  expect(states).toEqual(['low', 'ok', 'low', 'ok'])
  expect(bob.errors).toEqual([])
})
