import { expect, test } from 'vitest'
import { CertificateExchange, MESHSUB_PROTOCOLS } from './fixtures/attackers.ts'
import { GOSSIP_TOPIC, GossipNode } from './fixtures/gossip-node.ts'
import { certificateFor, startRawPeer } from './fixtures/raw-peers.ts'
import { waitUntil } from './fixtures/testkit.ts'

test('what is said on a stream before the certificate counts after it', async () => {
  const node = await GossipNode.start({ identity: 'alice' })
  const peer = await startRawPeer()
  const connection = await peer.dial(node.address)
  const gossip = await peer.openGossip(connection)
  gossip.subscribe(GOSSIP_TOPIC)
  gossip.publish(GOSSIP_TOPIC, Buffer.from('early'))
  const exchange = await CertificateExchange.open(connection)
  expect((await exchange.present(await certificateFor(peer))).verdict).toBe('accepted')
  await waitUntil(() => node.meshPeers.includes(peer.peerId), { what: 'the subscription to be heard' })
  await waitUntil(() => node.received.length === 1, { what: 'the message to be heard' })
})

test('without a certificate no more is kept than a first request takes', async () => {
  const node = await GossipNode.start({ identity: 'alice' })
  const attacker = await startRawPeer()
  const connection = await attacker.dial(node.address)
  const protocols = [...MESHSUB_PROTOCOLS, ...MESHSUB_PROTOCOLS]
  const streams = await Promise.all(protocols.map((protocol) => attacker.openGossip(connection, protocol)))
  let mostBytes = 0
  const held = () => {
    const [seen] = node.transport.libp2p.getConnections()
    const bytes = seen?.streams.reduce((sum, { readBufferLength }) => sum + readBufferLength, 0) ?? 0
    mostBytes = Math.max(mostBytes, bytes)
    return bytes
  }
  for (const stream of streams) stream.sendBytes(Buffer.alloc(64 * 1024))
  await waitUntil(() => held() === 6 * 64 * 1024, { what: 'a first request to be kept' })
  for (const stream of streams) stream.sendBytes(Buffer.alloc(16 * 1024 * 1024))
  await waitUntil(() => held() === 0 && streams.every(({ isOpen }) => !isOpen), {
    what: 'the streams that ask for more to be cut',
  })
  expect(mostBytes).toBeLessThanOrEqual(6 * 128 * 1024)
})
