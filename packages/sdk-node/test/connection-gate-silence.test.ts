import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { CertificateExchange } from './fixtures/attackers.ts'
import { GossipNode } from './fixtures/gossip-node.ts'
import { certificateFor, startRawPeer } from './fixtures/raw-peers.ts'
import { waitUntil } from './fixtures/testkit.ts'

test('a peer that falls silent at any step of the exchange is closed', async () => {
  const node = await GossipNode.start({ identity: 'alice' })
  const peers = await Promise.all(Array.from({ length: 4 }, () => startRawPeer()))
  const connections = await Promise.all(peers.map((peer) => peer.dial(node.address)))
  const exchanges = await Promise.all(connections.slice(1).map((one) => CertificateExchange.open(one)))
  for (const [i, exchange] of exchanges.entries()) {
    // The first opens the stream, the second sends half a frame, the third shows its certificate: then nothing.
    if (i === 1) exchange.stream.send(Uint8Array.of(200, 1, 0))
    if (i === 2) {
      const certificate = await certificateFor(peers[3] as (typeof peers)[0])
      await exchange.write({ certificate, verdict: 'none', reason: '' })
      expect((await exchange.read()).verdict).toBe('accepted')
    }
  }
  // And two that are dialled: one does not answer, one keeps its verdict to itself.
  const listen = ['/ip4/127.0.0.1/tcp/0']
  const mute = await startRawPeer({ listen })
  const undecided = await startRawPeer({
    listen,
    onCertificate: async (exchange) => {
      await exchange.read()
      const certificate = await certificateFor(undecided)
      await exchange.write({ certificate, verdict: 'none', reason: '' })
    },
  })
  for (const { libp2p } of [mute, undecided]) {
    await node.transport.libp2p.dial(multiaddr(String(libp2p.getMultiaddrs()[0])))
  }
  const silent = [...peers, mute].map(({ peerId }) => peerId)
  await waitUntil(() => node.refusals.length === 6, { what: 'all of them to be refused', timeoutMs: 10_000 })
  const reasons = new Map(node.refusals.map(({ peerId, by, reason }) => [peerId, `${reason} by ${by}`]))
  for (const peerId of silent) expect(reasons.get(peerId)).toBe('timeout by us')
  expect(reasons.get(undecided.peerId)).toBe('failed by them')
  expect(node.certified).toEqual([])
  await waitUntil(() => node.transport.libp2p.getConnections().length === 0, { what: 'no connection' })
})
