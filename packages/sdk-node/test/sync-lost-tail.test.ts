import { expect, test } from 'vitest'
import { connect, hears, numbered, startNode, stores, textsAt } from './fixtures/nodes.ts'
import { appendAll } from './fixtures/storage.ts'
import { LogWriter, waitUntil } from './fixtures/testkit.ts'

test('a tail that gossip lost is noticed at the next interval', async () => {
  const alice = await startNode({ identity: 'alice' })
  const bob = await startNode({ identity: 'bob' })
  await connect(bob, alice)
  await hears(alice, bob)
  await alice.node.publish('test', { text: 'heard' })
  await stores(bob, 1)
  const writer = new LogWriter({ identity: 'carol', startedAtMs: Date.now() })
  for (let round = 0; round < 3; round += 1) {
    // Into the store, past the network.
    await appendAll(alice.store, [await writer.write({ bodies: [Buffer.from(`${round}`)] })])
    await stores(bob, round + 2)
  }
  expect(bob.node.counters.received).toMatchObject({ gossip: 1, sync: 3 })
})

test('a gap is filled at once, from the peer that showed it', async () => {
  const alice = await startNode({ identity: 'alice' })
  const bob = await startNode({
    identity: 'bob',
    // No interval comes to help.
    syncIntervalMs: 3_600_000,
    peerRates: { bytes: { perSecond: 1e9, burst: 1e9 }, batches: { perSecond: 20, burst: 3 } },
  })
  await connect(bob, alice)
  await hears(alice, bob)
  let said = 0
  const say = async () => {
    await alice.node.publish('test', { text: `${said}` })
    said += 1
  }
  // Gossip over the rate is ignored, until a batch comes through that shows the gap.
  for (let i = 0; i < 8; i += 1) await say()
  expect(bob.node.counters.dropped['peer-rate']).toBeGreaterThan(0)
  await waitUntil(
    async () => {
      if (bob.store.end === said) return true
      await say()
      return false
    },
    { what: 'the gap to be filled', everyMs: 100 },
  )
  expect(await textsAt(bob)).toEqual(Array.from({ length: said }, (_, i) => `${i}`))
  expect(bob.node.counters.received.held).toBeGreaterThan(0)
  expect(bob.node.counters.received.sync).toBeGreaterThan(0)
})

test('under full traffic nothing is missed and nothing comes twice', async () => {
  const alice = await startNode({ identity: 'alice' })
  const bob = await startNode({ identity: 'bob', syncIntervalMs: 50 })
  await connect(bob, alice)
  await hears(alice, bob)
  await Promise.all([
    alice.node.publishMany('test', numbered(20_000, 'a')),
    bob.node.publishMany('test', numbered(20_000, 'b')),
  ])
  for (const one of [alice, bob]) {
    const found = await stores(one, 40_000)
    expect(found.length).toBe(40_000)
    for (const prefix of ['a', 'b']) {
      expect(found.filter((text) => text.startsWith(prefix))).toEqual(
        numbered(20_000, prefix).map(({ text }) => text),
      )
    }
  }
})
