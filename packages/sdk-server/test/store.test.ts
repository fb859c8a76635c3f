import { expect, test, vi } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { apiOf } from './fixtures/api.ts'
import { errorOf, mutate } from './fixtures/call.ts'
import { openServer } from './fixtures/open-server.ts'

test('admin.store says how large the store is, from when to when it goes, and what is kept for others', async () => {
  const { path, node } = await openServer()
  const { admin, service } = apiOf(path)
  const empty = await admin.store.size.query()
  expect(empty).toMatchObject({
    messages: 0,
    batches: 0,
    end: 0,
    floor: 0,
    disk: { state: 'ok' },
    compaction: {},
  })
  expect(empty).not.toHaveProperty('oldestAtMs')
  const before = Date.now()
  await service.messages.publish.mutate({ topic: 'prices', messages: [{ text: 'a' }, { text: 'b' }] })
  await service.messages.publish.mutate({ topic: 'prices', messages: [{ text: 'c' }] })
  const size = await admin.store.size.query()
  expect(size).toMatchObject({
    messages: 3,
    batches: 2,
    end: 3,
    pinned: { undelivered: { batches: 0 }, carried: { batches: 0 } },
    disk: { freeBytes: expect.any(Number), minFreeBytes: 256 * 1024 * 1024 },
  })
  expect(size.diskBytes).toBeGreaterThan(size.storedBytes)
  expect(size.oldestAtMs).toBeGreaterThanOrEqual(before)
  expect(size.newestAtMs).toBeGreaterThanOrEqual(size.oldestAtMs as number)
  expect(node.retention.status.last).toBeUndefined()
})

test('retention is run at once, by the rules that hold, and says what it removed', async () => {
  const { path, node, store } = await openServer()
  const { admin, service } = apiOf(path)
  for (const text of ['a', 'b', 'c']) {
    await service.messages.publish.mutate({ topic: 'prices', messages: [{ text }] })
  }
  const atMs = Date.now()
  await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(atMs + 1))
  node.retention.change({ maxAgeMs: 1 })
  // Nobody else has them.
  expect((await admin.store.prune.mutate({})).pruned).toMatchObject({ entries: 0, pinned: 2 })
  expect((await admin.store.size.query()).pinned.leftByRetention).toBe(2)
  store.passed('topic/prices', store.end)
  expect((await admin.store.retention.query()).rules).toMatchObject({ maxAgeMs: 1, maxBytes: 16 * 1024 ** 3 })
  const { pruned, isRunning } = await admin.store.prune.mutate({})
  expect(isRunning).toBe(false)
  // The last entry stays, to carry the order on.
  expect(pruned).toMatchObject({ entries: 2, pinned: 0 })
  expect(await admin.store.retention.query()).toMatchObject({ last: { pruned } })
  expect(await admin.store.size.query()).toMatchObject({
    messages: 1,
    floor: 2,
    pinned: { leftByRetention: 0 },
  })
  expect(await admin.audit.list.query()).toMatchObject([
    { procedure: 'admin.store.prune', result: 'ok' },
    { procedure: 'admin.store.prune', result: 'ok' },
  ])
})

test('a compaction is run once at a time, noted, and what takes longer than the call waits goes on', async () => {
  const { path, store } = await openServer()
  const { admin } = apiOf(path)
  const { promise: gate, resolve: release } = Promise.withResolvers<void>()
  const { database } = store
  const compact = database.compact.bind(database)
  vi.spyOn(database, 'compact').mockImplementation(async (from, to) => {
    await gate
    await compact(from, to)
  })
  expect(await admin.store.compact.mutate({ waitMs: 1 })).toEqual({ isRunning: true })
  expect((await admin.store.size.query()).compaction.runningSinceMs).toBeGreaterThan(0)
  const again = await mutate(path, 'admin.store.compact', {})
  expect([again.status, errorOf(again).data.meshCode]).toEqual([409, 'ERR_COMPACTING'])
  release()
  const last = await waitUntil(
    async () => {
      const { runningSinceMs, last } = (await admin.store.size.query()).compaction
      return runningSinceMs === undefined && last
    },
    { what: 'the compaction to end' },
  )
  expect(last).toMatchObject({ isWhole: true })
  const { compacted } = await admin.store.compact.mutate({ maxMs: 60_000 })
  expect(compacted).toMatchObject({ isWhole: true, beforeBytes: expect.any(Number) })
  expect(await admin.audit.list.query()).toMatchObject([
    { procedure: 'admin.store.compact', result: 'ok', input: '{"maxMs":60000}' },
    { procedure: 'admin.store.compact', result: 'ERR_COMPACTING' },
    { procedure: 'admin.store.compact', result: 'ok', input: '{"waitMs":1}' },
  ])
})
