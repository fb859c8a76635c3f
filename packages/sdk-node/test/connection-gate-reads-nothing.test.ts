import { describe, expect, test } from 'vitest'
import { MESHSUB_PROTOCOLS, type RawGossipPeer } from './fixtures/attackers.ts'
import { ALWAYS_CERTIFIED, GOSSIP_TOPIC, GossipNode } from './fixtures/gossip-node.ts'
import { startRawPeer } from './fixtures/raw-peers.ts'
import { waitUntil } from './fixtures/testkit.ts'

const DIALS = 20

/** Dials again and again, asks for the topic on every version of the protocol, and takes what the node opens. */
async function eavesdrop(attacker: RawGossipPeer, node: GossipNode): Promise<void> {
  for (let i = 0; i < DIALS; i += 1) {
    const connection = await attacker.dial(node.address)
    const gossip = await attacker.openGossip(connection, MESHSUB_PROTOCOLS[i % 3])
    gossip.subscribe(GOSSIP_TOPIC)
    gossip.graft(GOSSIP_TOPIC)
  }
}

describe.each([
  ['TCP', '/ip4/127.0.0.1/tcp/0'],
  ['a WebSocket', '/ip4/127.0.0.1/tcp/0/ws'],
])('a raw gossipsub peer without a certificate, on %s', (_, listen) => {
  test('reads nothing, however often it dials, and delays nobody', async () => {
    const [node, honest] = await Promise.all([
      GossipNode.start({ identity: 'alice', listen }),
      GossipNode.start({ identity: 'bob', listen }),
    ])
    await node.join(honest)
    const attacker = await startRawPeer()
    let published = 0
    const publish = async () => {
      await node.publish(Buffer.from(`message ${published}`))
      published += 1
      await waitUntil(() => honest.received.length === published, { what: 'the honest peer to have it' })
    }
    const eavesdropping = eavesdrop(attacker, node).then(() => true)
    let isOver = false
    void eavesdropping.finally(() => {
      isOver = true
    })
    while (!isOver) await publish()
    await eavesdropping
    for (let i = 0; i < 10; i += 1) await publish()
    expect(attacker.received).toEqual([])
    expect(node.meshPeers).toEqual([honest.peerId])
  })

  test('would read if the gate let it through', async () => {
    const node = await GossipNode.start({ identity: 'alice', certifier: ALWAYS_CERTIFIED, listen })
    const attacker = await startRawPeer()
    await eavesdrop(attacker, node)
    await waitUntil(() => node.meshPeers.includes(attacker.peerId), { what: 'the attacker in the mesh' })
    await node.publish(Buffer.from('secret'))
    await waitUntil(() => attacker.messages.length > 0, { what: 'the attacker to read' })
    expect(Buffer.from(attacker.messages[0] as Uint8Array).toString()).toBe('secret')
  })
})
