import { expect, test } from 'vitest'
import { startNode, stores, type TestNode } from './fixtures/nodes.ts'
import { waitUntil } from './fixtures/testkit.ts'

test('members of a topic at the two ends of a line of twenty nodes hear each other', async () => {
  const nodes: TestNode[] = []
  for (let i = 0; i < 20; i += 1) {
    const bootstrap = nodes.slice(-1).map(({ address }) => address)
    const topics = i === 0 || i === 19 ? ['ends'] : ['middle']
    const identity = `node ${i}`
    // So many in one process have no time for more: log sync has tests of its own.
    nodes.push(await startNode({ identity, topics, bootstrap, discover: true, syncIntervalMs: 5_000 }))
  }
  const [first, last] = [nodes[0], nodes[19]] as [TestNode, TestNode]
  const signal = AbortSignal.timeout(15_000)
  await Promise.all([first, last].map(({ node }) => node.waitForPeers('ends', { signal })))
  expect(first.node.topicPeers('ends')).toEqual([{ peerId: last.node.peerId, pastelId: last.node.pastelId }])
  await first.node.publish('ends', { text: 'from the first' })
  expect(await stores(last, 1, 'ends')).toEqual(['from the first'])
  await last.node.publish('ends', { text: 'from the last' })
  expect(await stores(first, 2, 'ends')).toEqual(['from the first', 'from the last'])
  // Everybody has three connections, and those in the middle six to each other, but no more than that are made.
  await waitUntil(() => nodes.every(({ node }) => node.peers().length >= 3), {
    what: 'three connections each',
  })
  for (const { node } of nodes.slice(1, 19)) {
    await waitUntil(() => node.topicPeers('middle').length >= 6, { what: 'six members of the topic' })
  }
  await waitUntil(() => nodes.every(({ node }) => node.knownNodes().length === 19), {
    what: 'all to be known',
  })
  for (const { errors } of nodes) expect(errors).toEqual([])
}, 30_000)
