import type { Connection } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { expect, onTestFinished, test } from 'vitest'
import { Reconnector } from '../src/connection/reconnector.ts'
import { generateNodeKey } from '../src/index.ts'
import { GossipNode } from './fixtures/gossip-node.ts'
import { waitUntil } from './fixtures/testkit.ts'

/** A reconnector of a node, and what became of each dial. */
function reconnectorOf(node: GossipNode) {
  const dials: Promise<Connection>[] = []
  const reconnector = new Reconnector({
    dial: (address: Multiaddr, signal) => {
      const dial = node.transport.libp2p.dial(address, { signal })
      dials.push(dial)
      dial.catch(() => {})
      return dial
    },
  })
  onTestFinished(() => reconnector.stop())
  return { reconnector, dials }
}

test('a peer that was not there yet, and one that restarts, is found', async () => {
  const nodeKey = await generateNodeKey()
  const first = await GossipNode.start({ identity: 'bob', nodeKey })
  const alice = await GossipNode.start({ identity: 'alice' })
  const { reconnector } = reconnectorOf(alice)
  const listen = first.address.replace(/\/p2p\/.*/, '')
  await first.stop()
  reconnector.keep(multiaddr(listen))
  let bob = await GossipNode.start({ identity: 'bob', nodeKey, listen })
  await waitUntil(() => bob.certified.length === 1, { what: 'bob to be found' })
  await bob.stop()
  await waitUntil(() => alice.gone.length === 1, { what: 'bob to be lost' })
  bob = await GossipNode.start({ identity: 'bob', nodeKey, listen })
  await waitUntil(() => bob.certified.length === 1 && alice.meshPeers.includes(bob.peerId), {
    what: 'bob to be found again',
  })
})

test('an address of the node itself is given up, with and without its PeerId', async () => {
  const alice = await GossipNode.start({ identity: 'alice' })
  const addresses = [alice.address, alice.address.replace(/\/p2p\/.*/, '')]
  for (const address of addresses) {
    const { reconnector, dials } = reconnectorOf(alice)
    reconnector.keep(multiaddr(address))
    await waitUntil(() => reconnector.kept.length === 0, { what: 'the address to be given up' })
    expect(dials).toHaveLength(1)
    await expect(dials[0]).rejects.toThrow('Can not dial self')
  }
  expect(alice.refusals).toEqual([])
})
