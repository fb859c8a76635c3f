import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, test } from 'vitest'
import { CertificateExchange } from './fixtures/attackers.ts'
import { GossipNode } from './fixtures/gossip-node.ts'
import { certificateFor, startRawPeer } from './fixtures/raw-peers.ts'
import { waitUntil } from './fixtures/testkit.ts'

describe('the exchange', () => {
  test('twice at once makes one certified connection', async () => {
    const node = await GossipNode.start({ identity: 'alice' })
    const peer = await startRawPeer()
    const connection = await peer.dial(node.address)
    const certificate = await certificateFor(peer)
    const exchanges = await Promise.all([1, 2].map(() => CertificateExchange.open(connection)))
    const answers = await Promise.all(exchanges.map((exchange) => exchange.present(certificate)))
    expect(answers.map(({ verdict }) => verdict)).toEqual(['accepted', 'accepted'])
    await waitUntil(() => node.certified.length > 0, { what: 'the peer to be certified' })
    expect(node.certified).toHaveLength(1)
    expect([...node.gate.peers()]).toHaveLength(1)
  })

  test('in both directions at once makes one certified connection', async () => {
    const node = await GossipNode.start({ identity: 'alice' })
    const peer = await startRawPeer({
      listen: ['/ip4/127.0.0.1/tcp/0'],
      onCertificate: async (theirs, connection) => {
        // Before the node's own exchange is answered, one that this end opened.
        const ours = await CertificateExchange.open(connection)
        expect((await ours.present(await certificateFor(peer))).verdict).toBe('accepted')
        await theirs.read()
        await theirs.write({ certificate: await certificateFor(peer), verdict: 'accepted', reason: '' })
        expect((await theirs.read()).verdict).toBe('accepted')
      },
    })
    await node.transport.libp2p.dial(multiaddr(String(peer.libp2p.getMultiaddrs()[0])))
    await waitUntil(() => node.certified.length > 0, { what: 'the peer to be certified' })
    expect([...node.gate.peers()]).toHaveLength(1)
    expect(node.refusals).toEqual([])
  })

  test('with a newer certificate replaces the old one, with an older one ends the connection', async () => {
    const node = await GossipNode.start({ identity: 'alice' })
    const peer = await startRawPeer()
    const now = Date.now()
    const connection = await peer.dialAsMember(
      node.address,
      await certificateFor(peer, 'mallory', { serial: now - 10 }),
    )
    const present = async (serial: number) => {
      const exchange = await CertificateExchange.open(connection)
      return exchange.present(await certificateFor(peer, 'mallory', { serial }))
    }
    expect((await present(now)).verdict).toBe('accepted')
    await waitUntil(() => [...node.gate.peers()][0]?.certificate.serial === now, { what: 'the newer one' })
    expect(await present(now - 5)).toMatchObject({ verdict: 'refused', reason: 'superseded' })
    await waitUntil(() => node.gone.length === 1, { what: 'the connection to be closed' })
    expect(node.refusals).toMatchObject([{ by: 'us', reason: 'superseded' }])
  })

  test('over and over leaves no streams behind, and does not end the connection', async () => {
    const node = await GossipNode.start({ identity: 'alice' })
    const peer = await startRawPeer()
    const certificate = await certificateFor(peer)
    const connection = await peer.dialAsMember(node.address, certificate)
    for (let i = 0; i < 10; i += 1) {
      const exchange = await CertificateExchange.open(connection)
      expect((await exchange.present(certificate)).verdict).toBe('accepted')
      await exchange.stream.close()
      await waitUntil(() => exchange.stream.status !== 'open', { what: 'the node to end the exchange too' })
    }
    const [{ connection: seen } = {}] = node.certified
    const left = seen?.streams.filter(({ protocol }) => protocol.includes('certificate'))
    expect(left).toEqual([])
  })
})
