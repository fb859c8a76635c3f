import type { SignedBatch } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { generateNodeKey } from '../src/index.ts'
import { BatchHolder } from './fixtures/batch-holder.ts'
import { joinHolder } from './fixtures/lying-holder.ts'
import { connect, startNode, stores, type TestNode } from './fixtures/nodes.ts'
import { appendAll } from './fixtures/storage.ts'
import { LogWriter, seededSigner, waitUntil } from './fixtures/testkit.ts'

const NEVER_MS = 3_600_000

/** Single-message batches of some senders, a hundred of each. */
async function history(senders: number): Promise<SignedBatch[]> {
  const batches: SignedBatch[] = []
  for (let i = 0; i < senders; i += 1) {
    const writer = new LogWriter({ identity: `sender ${i}` })
    for (let j = 0; j < 100; j += 1) batches.push(await writer.write())
  }
  return batches
}

/** What a node asked and verified since it started is about a few new batches, however many it has. */
function expectLittleWork({ node: { counters } }: TestNode): void {
  expect(counters.verifications).toBe(1)
  expect(counters.sync.heads).toBeLessThan(10)
  expect(counters.sync.ranges).toBeLessThan(10)
}

test('two nodes that meet again exchange only what is new, whoever was restarted', async () => {
  const batches = await history(30)
  const [aliceKey, bobKey] = [await generateNodeKey(), await generateNodeKey()]
  const prepare = async (store: TestNode['store']) => void (await appendAll(store, batches))
  let alice = await startNode({ identity: 'alice', nodeKey: aliceKey, syncIntervalMs: NEVER_MS, prepare })
  let bob = await startNode({ identity: 'bob', nodeKey: bobKey, syncIntervalMs: NEVER_MS, prepare })
  const total = batches.length
  await connect(bob, alice)
  // Each has looked at all that the other has: what comes by gossip does not wait for that.
  await waitUntil(() => [alice, bob].every(({ node }) => node.counters.sync.heads >= 30), {
    what: 'both to have read what there was',
    timeoutMs: 10_000,
  })
  await alice.node.publish('test', { text: 'the first' })
  await stores(bob, total + 1)
  await bob.stop()
  await alice.node.publish('test', { text: 'while bob was away' })
  bob = await startNode({
    identity: 'bob',
    nodeKey: bobKey,
    directory: bob.directory,
    syncIntervalMs: NEVER_MS,
  })
  await connect(bob, alice)
  await stores(bob, total + 2)
  expectLittleWork(bob)
  await Promise.all([alice.stop(), bob.stop()])
  alice = await startNode({
    identity: 'alice',
    nodeKey: aliceKey,
    directory: alice.directory,
    syncIntervalMs: NEVER_MS,
  })
  await alice.node.publish('test', { text: 'while bob was away again' })
  bob = await startNode({
    identity: 'bob',
    nodeKey: bobKey,
    directory: bob.directory,
    syncIntervalMs: NEVER_MS,
  })
  await connect(bob, alice)
  await stores(bob, total + 3)
  for (const node of [alice, bob]) expect(node.node.counters.sync.heads).toBeLessThan(10)
  expectLittleWork(bob)
})

test('a reader that was restarted goes on from its checkpoint, by whatever node key the peer comes', async () => {
  const holder = new BatchHolder(await history(2))
  let bob = await startNode({ identity: 'bob', syncIntervalMs: NEVER_MS })
  const total = holder.batches.length
  await joinHolder(bob, holder)
  await stores(bob, total)
  await waitUntil(() => holder.headsRequests().length > 0, { what: 'the first pass' })
  await bob.stop()
  const asked = holder.requests.length
  const more = await new LogWriter({ identity: 'carol' }).write()
  holder.batches = [...holder.batches, more]
  bob = await startNode({ identity: 'bob', directory: bob.directory, syncIntervalMs: NEVER_MS })
  await joinHolder(bob, holder)
  await stores(bob, total + 1)
  const [heads, ranges, ...rest] = holder.requests.slice(asked)
  expect(heads).toMatchObject({ kind: 'heads', from: { position: total } })
  expect(ranges).toMatchObject({ kind: 'ranges', ranges: [{ log: more.log, first: 0, last: 0 }] })
  expect(rest.filter(({ kind }) => kind === 'ranges')).toEqual([])
})

test('what was announced and did not come is asked for again after a restart', async () => {
  const carol = seededSigner('carol')
  const batches = [await new LogWriter({ identity: 'carol' }, carol).write()]
  const holder = new BatchHolder(batches)
  holder.ranges = ({ id, ranges }) => [
    { kind: 'ranges', id, batches: [], denied: ranges, pruned: [], done: true },
  ]
  let bob = await startNode({ identity: 'bob', syncIntervalMs: NEVER_MS })
  await joinHolder(bob, holder)
  await waitUntil(() => holder.rangesRequests().length === 1, { what: 'the range to be asked for' })
  await bob.stop()
  bob = await startNode({ identity: 'bob', directory: bob.directory, syncIntervalMs: NEVER_MS })
  holder.ranges = (request) => [holder.honestRanges(request)]
  await joinHolder(bob, holder)
  await stores(bob, 1)
})
