import { expect, test } from 'vitest'
import type { MemberRegistry } from '../src/index.ts'
import { GOSSIP_TOPIC, GossipNode } from './fixtures/gossip-node.ts'
import { certificateFor, startRawPeer } from './fixtures/raw-peers.ts'
import { waitUntil } from './fixtures/testkit.ts'

test('a peer whose certificate expires, and one that is no member any more, are closed and hear no more', async () => {
  const left = new Set<string>()
  const registry: MemberRegistry = {
    start: async () => {},
    stop: async () => {},
    memberAt: (pastelId) => (left.has(pastelId) ? undefined : { pastelId, role: 'member' }),
  }
  const node = await GossipNode.start({ identity: 'alice', registry })
  const [stays, expires, leaves] = await Promise.all([startRawPeer(), startRawPeer(), startRawPeer()])
  const soon = Date.now() + 1_000
  await stays.dialAsMember(node.address, await certificateFor(stays, 'bob'))
  const expiring = await expires.dialAsMember(
    node.address,
    await certificateFor(expires, 'carol', { notAfterMs: soon }),
  )
  const leaving = await leaves.dialAsMember(node.address, await certificateFor(leaves, 'dave'))
  for (const [peer, connection] of [
    [expires, expiring],
    [leaves, leaving],
  ] as const) {
    const gossip = await peer.openGossip(connection)
    gossip.subscribe(GOSSIP_TOPIC)
  }
  await waitUntil(() => node.meshPeers.length === 2, { what: 'both in the mesh' })
  left.add([...node.gate.peers()].find(({ peerId }) => peerId === leaves.peerId)?.pastelId ?? '')

  await waitUntil(() => node.gone.length === 2, { what: 'both to be closed', timeoutMs: 12_000 })
  const reasons = new Map(node.refusals.map(({ peerId, reason }) => [peerId, reason]))
  expect(reasons).toEqual(
    new Map([
      [expires.peerId, 'expired'],
      [leaves.peerId, 'not-a-member'],
    ]),
  )
  expect([...node.gate.peers()].map(({ peerId }) => peerId)).toEqual([stays.peerId])
  expect(node.meshPeers).toEqual([])
})
