import { expect, test } from 'vitest'
import { connect, startNode, stores } from './fixtures/nodes.ts'
import { waitUntil } from './fixtures/testkit.ts'

test('a node becomes a relay, and none again, while it runs', async () => {
  const middle = await startNode({ identity: 'middle', topics: ['own'] })
  const [alice, bob] = await Promise.all(
    ['alice', 'bob'].map((identity) => startNode({ identity, topics: ['eu/prices', 'own'] })),
  )
  if (alice === undefined || bob === undefined) throw new Error('no nodes')
  await connect(alice, middle)
  await connect(bob, middle)
  expect(middle.node.relay).toBe(false)
  expect(middle.node.topics).toEqual(['own'])
  middle.node.setRelay(true)
  expect(middle.node.relay).toBe(true)
  expect(middle.node.topics).toEqual(['own', 'eu/prices'])
  await alice.node.publish('eu/prices', { text: 'through the middle' })
  expect(await stores(bob, 1, 'eu/prices')).toEqual(['through the middle'])
  // What it is told to carry stays, and what it carries for others goes.
  bob.node.join('later')
  await waitUntil(() => middle.node.topics.includes('later'), { what: 'the topic that bob joined later' })
  middle.node.join('later')
  middle.node.setRelay(false)
  expect(middle.node.relay).toBe(false)
  expect(middle.node.topics).toEqual(['own', 'later'])
  await waitUntil(() => alice.node.peers()[0]?.topics.length === 2, { what: 'its new certificate' })
  middle.node.setRelay(true)
  expect(middle.node.topics).toContain('eu/prices')
})
