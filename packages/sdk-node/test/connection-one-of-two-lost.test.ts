import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { GossipNode } from './fixtures/gossip-node.ts'
import { waitUntil } from './fixtures/testkit.ts'

test('when the one of two connections that carried gossip is lost, the other carries it and stays', async () => {
  const [alice, bob] = await Promise.all(['alice', 'bob'].map((identity) => GossipNode.start({ identity })))
  if (alice === undefined || bob === undefined) throw new Error('no nodes')
  await alice.join(bob)
  await alice.transport.libp2p.dial(multiaddr(bob.address), { force: true })
  await waitUntil(() => alice.certified.length === 2 && bob.certified.length === 2, {
    what: 'two connections',
  })
  const [first, second] = alice.certified
  const streams = first?.connection.streams.map(({ protocol }) => protocol) ?? []
  expect(streams.some((protocol) => protocol.startsWith('/meshsub/'))).toBe(true)
  first?.connection.abort(new Error('lost'))
  await waitUntil(() => alice.gone.length === 1 && bob.gone.length === 1, { what: 'the loss to be noticed' })

  let published = 0
  await waitUntil(
    async () => {
      await alice.publish(Buffer.from(`message ${published++}`))
      return bob.received.length > 0
    },
    { what: 'bob to hear again', everyMs: 100 },
  )
  await waitUntil(
    async () => {
      await bob.publish(Buffer.from(`message ${published++}`))
      return alice.received.length > 0
    },
    { what: 'alice to hear again', everyMs: 100 },
  )
  expect(second?.connection.status).toBe('open')
  expect(alice.gone).toHaveLength(1)
})
