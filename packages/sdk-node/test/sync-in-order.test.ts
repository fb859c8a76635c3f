import { expect, test } from 'vitest'
import { connect, hears, startNode, stores, textsAt } from './fixtures/nodes.ts'
import { waitUntil } from './fixtures/testkit.ts'

/** No interval comes to help. */
const NEVER_MS = 3_600_000

test('a batch that gossip lost in the middle holds up what comes after, until log sync brings it', async () => {
  const alice = await startNode({ identity: 'alice' })
  const relay = await startNode({ identity: 'relay' })
  const bob = await startNode({ identity: 'bob', syncIntervalMs: NEVER_MS })
  await connect(alice, relay)
  await connect(bob, relay)
  await Promise.all([hears(alice, relay), hears(relay, bob)])
  const order: string[] = []
  bob.node.addEventListener('message', ({ detail }) => order.push(detail.id))
  const ids: string[] = []
  const say = async (text: string) => void ids.push((await alice.node.publish('test', { text })).id)
  await say('first')
  await stores(bob, 1)

  // The only way to bob is cut for a moment. What the relay fetches after that it does not gossip.
  await alice.node.disconnect(relay.address)
  await waitUntil(() => relay.node.peers().length === 1, { what: 'the relay to be alone with bob' })
  await say('second')
  await connect(alice, relay)
  await stores(relay, 2)
  expect(bob.store.end).toBe(1)
  await hears(alice, relay)
  await say('third')

  for (const node of [alice, relay, bob]) {
    await stores(node, 3)
    expect(await textsAt(node)).toEqual(['first', 'second', 'third'])
  }
  expect(order).toEqual(ids)
  expect(bob.node.counters.received).toMatchObject({ held: 1, gossip: 2, sync: 1 })
  expect(bob.store.sizes).toMatchObject({ heldBatches: 0, heldBytes: 0 })
  expect(bob.node.counters.dropped.gap).toBe(0)
})
