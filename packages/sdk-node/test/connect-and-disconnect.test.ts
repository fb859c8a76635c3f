import { describe, expect, test } from 'vitest'
import { connect, hears, startNode, stores } from './fixtures/nodes.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

describe('a node', () => {
  test('connects by PastelID to a peer that it met, though it was the peer that came', async () => {
    const [alice, bob] = await Promise.all([
      startNode({ identity: 'alice' }),
      startNode({ identity: 'bob', listen: ['/ip4/127.0.0.1/tcp/0/ws'] }),
    ])
    const info = await bob.node.connect(alice.address)
    expect(info).toMatchObject({
      pastelId: alice.node.pastelId,
      address: alice.address,
      direction: 'outbound',
    })
    await waitUntil(() => alice.node.peers().length === 1, { what: 'bob to be there' })
    expect(await alice.node.connect(bob.node.pastelId)).toMatchObject({ direction: 'inbound' })
    await bob.node.disconnect(alice.node.pastelId)
    await waitUntil(() => alice.node.peers().length === 0, { what: 'bob to be gone' })
    expect(bob.node.peers()).toEqual([])
    expect(await alice.node.connect(bob.node.pastelId)).toMatchObject({
      pastelId: bob.node.pastelId,
      address: bob.address,
      direction: 'outbound',
    })
  })

  test('connects by address and port', async () => {
    const [alice, bob] = await Promise.all([
      startNode({ identity: 'alice', listen: ['/ip6/::1/tcp/0', '/ip4/127.0.0.1/tcp/0'] }),
      startNode({ identity: 'bob' }),
    ])
    const [six, four] = alice.node.addresses().map((address) => /\/tcp\/(\d+)/.exec(address)?.[1])
    for (const target of [`127.0.0.1:${four}`, `[::1]:${six}`]) {
      expect(await bob.node.connect(target)).toMatchObject({ pastelId: alice.node.pastelId })
      await bob.node.disconnect(target)
      expect(bob.node.peers()).toEqual([])
    }
  })

  test('that is connected already stays so, and tells of the peer', async () => {
    const [alice, bob] = await Promise.all(['alice', 'bob'].map((identity) => startNode({ identity })))
    if (alice === undefined || bob === undefined) throw new Error('no nodes')
    await connect(alice, bob)
    for (const target of [bob.address, bob.address.replace(/\/p2p\/.*/, ''), bob.node.pastelId]) {
      expect(await alice.node.connect(target)).toMatchObject({ peerId: bob.node.peerId })
    }
    await hears(alice, bob)
    await alice.node.publish('test', { text: 'hello' })
    expect(await stores(bob, 1)).toEqual(['hello'])
  })

  test.each(['pastelId', 'address'] as const)(
    'disconnected by %s dials no more until it connects',
    async (by) => {
      const alice = await startNode({ identity: 'alice' })
      const bob = await startNode({ identity: 'bob', bootstrap: [alice.address] })
      const target = { pastelId: alice.node.pastelId, address: alice.address }[by]
      const here = () => bob.node.peers().length === 1
      await waitUntil(here, { what: 'the two to be connected' })
      await bob.node.disconnect(target)
      expect(bob.node.peers()).toEqual([])
      await expect(bob.node.disconnect(target)).rejects.toMatchObject({ code: 'ERR_NOT_CONNECTED' })
      await bob.node.connect(target)
      expect(here()).toBe(true)
      // From now on it is kept again.
      await waitUntil(() => alice.node.peers().length === 1, { what: 'the other end' })
      await alice.node.disconnect(bob.node.pastelId)
      await waitUntil(here, { what: 'bob to dial again' })
    },
  )

  test.each([
    ['connect', 'what is no address', 'nonsense', 'ERR_ADDRESS'],
    ['connect', 'itself', seededSigner('alice').pastelId, 'ERR_ADDRESS'],
    ['connect', 'a PastelID that it never met', seededSigner('carol').pastelId, 'ERR_UNKNOWN_PEER'],
    ['connect', 'an address where nobody is', '127.0.0.1:1', 'ERR_DIAL'],
    ['disconnect', 'what is no address', '[::1', 'ERR_ADDRESS'],
    ['disconnect', 'a PastelID that is not there', seededSigner('carol').pastelId, 'ERR_NOT_CONNECTED'],
    ['disconnect', 'an address where nobody is', '127.0.0.1:1', 'ERR_NOT_CONNECTED'],
  ] as const)('that is to %s %s says what is wrong, in one line', async (what, _, target, code) => {
    const { node } = await startNode({ identity: 'alice' })
    const error: Error = await node[what](target).then(
      () => new Error('it did'),
      (reason: Error) => reason,
    )
    expect(error).toMatchObject({ code })
    expect(error.message).toMatch(/^[^\n]{10,400}$/)
  })
})
