import { expect, test } from 'vitest'
import { CertificateExchange } from './fixtures/attackers.ts'
import { GOSSIP_TOPIC, GossipNode, TOPIC } from './fixtures/gossip-node.ts'
import { certificateFor, intrude, startRawPeer } from './fixtures/raw-peers.ts'
import { waitUntil } from './fixtures/testkit.ts'

// libp2p tells gossipsub that a peer has gone only if the peer store has gossipsub among the peer's protocols.
test('a peer that hides what it speaks leaves the mesh when it leaves', async () => {
  const node = await GossipNode.start({ identity: 'alice' })
  const { peerStore } = node.transport.libp2p
  const ghost = await startRawPeer({ protocols: [] })
  const connection = await ghost.dial(node.address)
  const exchange = await CertificateExchange.open(connection)
  expect((await exchange.present(await certificateFor(ghost))).verdict).toBe('accepted')
  const gossip = await ghost.openGossip(connection)
  gossip.subscribe(GOSSIP_TOPIC)
  gossip.graft(GOSSIP_TOPIC)
  await waitUntil(() => node.meshPeers.includes(ghost.peerId), { what: 'the ghost in the mesh' })
  // As an answer to identify does that comes late and has no gossip protocol in it.
  await peerStore.patch(ghost.libp2p.peerId, { protocols: ['/ipfs/ping/1.0.0'] })
  gossip.graft(GOSSIP_TOPIC)
  await connection.close()
  await waitUntil(() => node.gone.length === 1, { what: 'the ghost to leave' })
  await waitUntil(() => !node.gossipsub.peers.has(ghost.peerId), {
    what: 'gossipsub to notice',
    timeoutMs: 3_000,
  })
  expect(node.meshPeers).toEqual([])
})

test('what comes from a peer that has left does not bring it back', async () => {
  const node = await GossipNode.start({ identity: 'alice' })
  const { peer, connection } = await intrude(node)
  await connection.close()
  await waitUntil(() => !node.gossipsub.peers.has(peer.peerId), { what: 'the peer to leave' })
  // As gossipsub itself hands on what it had read and not yet decoded.
  await node.gossipsub.handleReceivedRpc(peer.libp2p.peerId, {
    subscriptions: [{ topic: GOSSIP_TOPIC, subscribe: true }],
    messages: [],
    control: { graft: [{ topicID: GOSSIP_TOPIC }], prune: [], ihave: [], iwant: [], idontwant: [] },
  })
  expect(node.meshPeers).toEqual([])
  expect(node.gossip.subscribers(TOPIC)).toEqual([])
})
