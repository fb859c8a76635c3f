import { expect, test } from 'vitest'
import { CertificateExchange } from './fixtures/attackers.ts'
import { GossipNode } from './fixtures/gossip-node.ts'
import { certificateFor, startRawPeer } from './fixtures/raw-peers.ts'
import { waitUntil } from './fixtures/testkit.ts'

const CONNECTIONS = 200
const AT_A_TIME = 10

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}

test('connections that close in the middle of the exchange leave nothing behind', async () => {
  const node = await GossipNode.start({ identity: 'alice' })
  const { libp2p } = node.transport
  const before = timers()
  const breakOff = async (i: number) => {
    const peer = await startRawPeer()
    const connection = await peer.dial(node.address)
    if (i % 4 > 0) {
      const exchange = await CertificateExchange.open(connection)
      if (i % 4 > 1)
        await exchange.write({ certificate: await certificateFor(peer), verdict: 'none', reason: '' })
      if (i % 4 > 2) await exchange.read()
    }
    if (i % 8 < 4) connection.abort(new Error('cut off'))
    else await connection.close()
    await peer.stop()
  }
  for (let i = 0; i < CONNECTIONS; i += AT_A_TIME) {
    await Promise.all(Array.from({ length: AT_A_TIME }, (_, j) => breakOff(i + j)))
  }
  await waitUntil(() => node.gate.size === 0, { what: 'the gate to forget them' })
  await waitUntil(() => libp2p.getConnections().length === 0, { what: 'libp2p to forget them' })
  await waitUntil(async () => (await libp2p.peerStore.all()).length === 0, {
    what: 'the peer store to forget them',
  })
  expect(node.certified).toEqual([])
  await waitUntil(() => timers() <= before, { what: `no more timers than ${before}`, timeoutMs: 20_000 })
}, 60_000)
