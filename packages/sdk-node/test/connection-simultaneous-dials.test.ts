import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { GossipNode } from './fixtures/gossip-node.ts'
import { waitUntil } from './fixtures/testkit.ts'

test('two nodes that dial each other at the same moment hear each other', async () => {
  const [alice, bob] = await Promise.all(['alice', 'bob'].map((identity) => GossipNode.start({ identity })))
  if (alice === undefined || bob === undefined) throw new Error('no nodes')
  await Promise.all([
    alice.transport.libp2p.dial(multiaddr(bob.address), { force: true }),
    bob.transport.libp2p.dial(multiaddr(alice.address), { force: true }),
  ])
  await waitUntil(() => alice.certified.length === 2 && bob.certified.length === 2, {
    what: 'two connections',
  })
  await waitUntil(() => alice.meshPeers.length === 1 && bob.meshPeers.length === 1, { what: 'one mesh' })
  for (const [from, to] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    await from.publish(Buffer.from(`from ${from.peerId}`))
    await waitUntil(() => to.received.length === 1, { what: 'the other to hear it' })
    expect(to.received[0]?.peer).toBe(from.peerId)
  }
  expect([...alice.refusals, ...bob.refusals]).toEqual([])
})
