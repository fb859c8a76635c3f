import { expect, test } from 'vitest'
import { expectSoundLogs } from './fixtures/expect-sound-logs.ts'
import { connect, numbered, startNode, stores } from './fixtures/nodes.ts'
import { appendAll } from './fixtures/storage.ts'
import { LogWriter, seededSigner } from './fixtures/testkit.ts'

const sorted = (texts: readonly string[]) => [...texts].sort()
const textsOf = (messages: readonly { text: string }[]) => messages.map(({ text }) => text)

test('a node that joins late gets everything that was ever said', async () => {
  const alice = await startNode({ identity: 'alice', topics: ['test', 'other'] })
  await alice.node.publishMany('test', numbered(1500))
  for (const message of numbered(20, 'single ')) await alice.node.publish('test', message)
  await alice.node.publishMany('other', numbered(5, 'other '))
  const bob = await startNode({ identity: 'bob', topics: ['test', 'other'] })
  await connect(bob, alice)
  expect(await stores(bob, 1520)).toEqual([...textsOf(numbered(1500)), ...textsOf(numbered(20, 'single '))])
  expect(await stores(bob, 5, 'other')).toEqual(textsOf(numbered(5, 'other ')))
  expect(bob.node.counters.received.sync).toBe(bob.node.counters.received.batches)
  expect(bob.errors).toEqual([])
  await expectSoundLogs(bob.store)
})

test('a node that was away gets what it missed, over restarts of the sender', async () => {
  let alice = await startNode({ identity: 'alice' })
  let bob = await startNode({ identity: 'bob' })
  await connect(bob, alice)
  await alice.node.publishMany('test', numbered(10, 'a '))
  await stores(bob, 10)
  await bob.stop()
  const said = textsOf(numbered(10, 'a '))
  for (let run = 0; run < 3; run += 1) {
    await alice.node.publishMany('test', numbered(10, `${run} `))
    said.push(...textsOf(numbered(10, `${run} `)))
    await alice.stop()
    alice = await startNode({ identity: 'alice', directory: alice.directory })
  }
  bob = await startNode({ identity: 'bob', directory: bob.directory })
  await connect(bob, alice)
  expect(await stores(bob, 40)).toEqual(said)
  // Once back, it hears what is said now.
  await alice.node.publish('test', { text: 'now' })
  expect(await stores(bob, 41)).toEqual([...said, 'now'])
  await expectSoundLogs(bob.store)
})

test('what was committed but never sent arrives after a restart', async () => {
  const writer = new LogWriter({ identity: 'alice', startedAtMs: Date.now() })
  const alice = await startNode({
    identity: 'alice',
    async prepare(store) {
      const first = await writer.write({ bodies: [Buffer.from('unsent 1')] })
      const placement = await store.place(first, { own: true })
      if (placement.status === 'appended') await placement.committed
      await appendAll(store, [await writer.write({ bodies: [Buffer.from('unsent 2')] })])
    },
  })
  const bob = await startNode({ identity: 'bob' })
  await connect(bob, alice)
  await stores(bob, 2)
  await alice.node.publish('test', { text: 'next' })
  expect(await stores(bob, 3)).toEqual(['unsent 1', 'unsent 2', 'next'])
  await expectSoundLogs(bob.store)
})

test('a line of three: each end gets what the other said', async () => {
  const [alice, bob, carol] = (await Promise.all(
    ['alice', 'bob', 'carol'].map((identity) => startNode({ identity })),
  )) as [
    Awaited<ReturnType<typeof startNode>>,
    Awaited<ReturnType<typeof startNode>>,
    Awaited<ReturnType<typeof startNode>>,
  ]
  await alice.node.publishMany('test', numbered(50, 'a '))
  await carol.node.publishMany('test', numbered(50, 'c '))
  await connect(bob, alice)
  await connect(bob, carol)
  const all = sorted([...textsOf(numbered(50, 'a ')), ...textsOf(numbered(50, 'c '))])
  for (const one of [alice, bob, carol]) expect(sorted(await stores(one, 100))).toEqual(all)
  await alice.node.publish('test', { text: 'live' })
  for (const one of [bob, carol]) expect(await stores(one, 101)).toContain('live')
})

test('a topic that is joined later is filled up', async () => {
  const alice = await startNode({ identity: 'alice', topics: ['test', 'later'] })
  const bob = await startNode({ identity: 'bob', topics: ['test'], syncIntervalMs: 3_600_000 })
  await alice.node.publishMany('later', numbered(600, 'before '))
  await connect(bob, alice)
  await alice.node.publish('test', { text: 'one' })
  await stores(bob, 1)
  expect(bob.store.end).toBe(1)
  bob.node.join('later')
  await stores(bob, 600, 'later')
  bob.node.leave('later')
  bob.node.join('later')
  await alice.node.publish('later', { text: 'after' })
  await stores(bob, 601, 'later')
})

test('topics that a reader does not ask for are not sent to it', async () => {
  const alice = await startNode({ identity: 'alice', topics: ['test', 'secret'] })
  const bob = await startNode({ identity: 'bob', topics: ['test'] })
  await alice.node.publishMany('secret', numbered(10))
  await alice.node.publish('test', { text: 'one' })
  await connect(bob, alice)
  await stores(bob, 1)
  await alice.node.publish('secret', { text: 'again' })
  await alice.node.publish('test', { text: 'two' })
  await stores(bob, 2)
  expect(bob.store.end).toBe(2)
})

test('a node gets back what it wrote itself, if its disk lost it', async () => {
  const alice = await startNode({ identity: 'alice' })
  const bob = await startNode({ identity: 'bob' })
  await connect(bob, alice)
  await alice.node.publishMany('test', numbered(10))
  await stores(bob, 10)
  await alice.stop()
  const restored = await startNode({ identity: 'alice' })
  await connect(restored, bob)
  expect(await stores(restored, 10)).toEqual(textsOf(numbered(10)))
  expect(restored.node.pastelId).toBe(seededSigner('alice').pastelId)
})
