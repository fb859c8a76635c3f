import type { SignedBatch } from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import { expect, test } from 'vitest'
import { connect, startNode, stores, textsAt } from './fixtures/nodes.ts'
import { appendAll, collect } from './fixtures/storage.ts'
import { LogWriter, waitUntil } from './fixtures/testkit.ts'

const NEVER_MS = 3_600_000
const DAY_MS = 24 * 3_600_000

/** What somebody said once a day for ten days, until now, each day in so many batches. */
async function tenDays(perDay: number, { runs = false } = {}): Promise<SignedBatch[]> {
  const batches: SignedBatch[] = []
  const writer = new LogWriter({ identity: 'carol', startedAtMs: Date.now() - 10 * DAY_MS })
  for (let day = 10; day > 0; day -= 1) {
    if (runs) writer.newRun()
    for (let i = 0; i < perDay; i += 1) {
      const createdAtMs = Date.now() - day * DAY_MS + DAY_MS / 2
      batches.push(await writer.write({ bodies: [Buffer.from(`${day}.${i}`)], change: { createdAtMs } }))
    }
  }
  return batches
}

const said = (from: number, perDay: number) =>
  Array.from({ length: from }, (_, i) => from - i).flatMap((day) =>
    Array.from({ length: perDay }, (_, i) => `${day}.${i}`),
  )

const holding = (batches: readonly SignedBatch[]) => ({
  identity: 'alice',
  syncIntervalMs: NEVER_MS,
  prepare: (store: MessageStore) => appendAll(store, batches),
})

test('a node that joins takes the history that it asks for, of a log that goes on for long', async () => {
  const alice = await startNode(holding(await tenDays(3)))
  const bob = await startNode({ identity: 'bob', historyMs: 3 * DAY_MS, syncIntervalMs: NEVER_MS })
  await connect(bob, alice)
  await waitUntil(async () => (await textsOf(bob)).length >= 10, { what: 'three days to be stored' })
  // The last batch before shows that the rest is not wanted.
  expect(await textsOf(bob)).toEqual(['4.2', ...said(3, 3)])
  expect(await collect(bob.node.messages({ topic: 'test' }))).toMatchObject([
    { kind: 'before-history', first: 0, last: 19 },
    ...Array.from({ length: 10 }, () => ({ kind: 'message' })),
  ])
  expect(bob.node.counters.received.held).toBe(0)
})

test('of runs that follow each other, those that ended before are not asked for', async () => {
  const alice = await startNode(holding(await tenDays(3, { runs: true })))
  const bob = await startNode({ identity: 'bob', historyMs: 3 * DAY_MS, syncIntervalMs: 100 })
  await connect(bob, alice)
  await waitUntil(async () => (await textsOf(bob)).length >= 10, { what: 'three days to be stored' })
  expect(await textsOf(bob)).toEqual(['4.2', ...said(3, 3)])
  expect(bob.node.counters.received.batches).toBe(10)
})

test('a longer history later brings the rest, and the shorter one after it nothing', async () => {
  const alice = await startNode(holding(await tenDays(3)))
  const options = { identity: 'bob', syncIntervalMs: NEVER_MS }
  let bob = await startNode({ ...options, historyMs: 3 * DAY_MS })
  await connect(bob, alice)
  await waitUntil(async () => (await textsOf(bob)).length >= 10, { what: 'three days to be stored' })
  await bob.stop()
  bob = await startNode({ ...options, historyMs: 7 * DAY_MS, directory: bob.directory })
  await connect(bob, alice)
  await waitUntil(async () => (await textsOf(bob)).length >= 21, { what: 'seven days to be stored' })
  expect((await textsOf(bob)).sort()).toEqual(said(7, 3).sort())
  await bob.stop()
  bob = await startNode({ ...options, historyMs: 3 * DAY_MS, directory: bob.directory })
  await connect(bob, alice)
  await alice.node.publish('test', { text: 'now' })
  await waitUntil(async () => (await textsOf(bob)).length >= 22, { what: 'the next to be stored' })
  expect(bob.node.counters.received.batches).toBe(1)
  expect(bob.node.counters.sync.heads).toBeLessThan(5)
})

test('a topic that is joined again is filled up by what was said meanwhile', async () => {
  const alice = await startNode(holding([]))
  let bob = await startNode({ identity: 'bob', syncIntervalMs: NEVER_MS, historyMs: DAY_MS })
  await connect(bob, alice)
  await alice.node.publish('test', { text: 'before' })
  await stores(bob, 1)
  await bob.stop()
  bob = await startNode({ identity: 'bob', syncIntervalMs: NEVER_MS, directory: bob.directory, topics: [] })
  await connect(bob, alice)
  await alice.node.publish('test', { text: 'meanwhile' })
  bob.node.join('test')
  await stores(bob, 2)
  expect(await textsAt(bob)).toEqual(['before', 'meanwhile'])
})

test('a node that knows a peer gets all that it missed, however long it was away', async () => {
  const batches = await tenDays(2)
  const alice = await startNode(holding(batches.slice(0, 2)))
  let bob = await startNode({ identity: 'bob', syncIntervalMs: NEVER_MS })
  await connect(bob, alice)
  await stores(bob, 2)
  await bob.stop()
  await appendAll(alice.store, batches.slice(2))
  bob = await startNode({
    identity: 'bob',
    syncIntervalMs: NEVER_MS,
    historyMs: DAY_MS,
    directory: bob.directory,
  })
  await connect(bob, alice)
  expect(await stores(bob, 20)).toEqual(said(10, 2))
})

async function textsOf({ node }: Awaited<ReturnType<typeof startNode>>): Promise<string[]> {
  const texts: string[] = []
  for await (const entry of node.messages({ topic: 'test' })) {
    if (entry.kind === 'message') texts.push(Buffer.from(entry.body).toString())
  }
  return texts
}
