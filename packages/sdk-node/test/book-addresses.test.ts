import { createServer } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { certificateGossipTopic } from '@pastel-mesh/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { BookAddresses } from '../src/connection/book-addresses.ts'
import { startNode } from './fixtures/nodes.ts'
import { certificateFor, startRawPeer } from './fixtures/raw-peers.ts'
import { freePort, seededSigner, waitUntil } from './fixtures/testkit.ts'

const LOOPBACK = [
  '/ip4/127.1.2.3/tcp/1',
  '/ip6/::1/tcp/1',
  '/ip6/::ffff:7f00:1/tcp/1',
  '/dns4/localhost/tcp/1',
]
const LINK_LOCAL = ['/ip4/169.254.169.254/tcp/80', '/ip6/fe80::1/tcp/1']
const NOWHERE = ['/ip4/0.0.0.0/tcp/1', '/ip6/::/tcp/1', '/ip4/224.0.0.1/tcp/1', '/ip4/255.255.255.255/tcp/1']
const ELSEWHERE = [
  '/ip4/10.0.0.1/tcp/1',
  '/ip6/2001:db8::1/tcp/1/ws',
  '/dns4/localhost.example.org/tcp/443/wss',
]
const NEVER = [
  '/ip4/192.0.2.1/tcp/80/ws/http-path/admin',
  '/ip4/192.0.2.1/udp/1',
  '/ip4/192.0.2.1/tcp/1/p2p-circuit',
]
const certificate = {
  addresses: [...LOOPBACK, ...LINK_LOCAL, ...NOWHERE, ...NEVER, ...ELSEWHERE].map(
    (text) => multiaddr(text).bytes,
  ),
}

interface Place {
  listen?: string
  announce?: string
  manyPeersPerHost?: boolean
  /** What the transport makes of it. */
  told?: string[]
  dialled?: string
  cameFrom?: string
}

function dialled(place: Place): string[] {
  const { listen = '/ip4/0.0.0.0/tcp/1', announce, manyPeersPerHost = false } = place
  const { told = ['/ip4/127.0.0.1/tcp/1', '/ip4/198.51.100.1/tcp/1'], dialled, cameFrom } = place
  const connections = [
    ...(dialled === undefined ? [] : [{ direction: 'outbound' as const, remoteAddr: multiaddr(dialled) }]),
    ...(cameFrom === undefined ? [] : [{ direction: 'inbound' as const, remoteAddr: multiaddr(cameFrom) }]),
  ]
  return new BookAddresses(
    { listen: [listen], announce: announce === undefined ? [] : [announce], manyPeersPerHost },
    {
      libp2p: () => ({
        getMultiaddrs: () => told.map((text) => multiaddr(text)),
        getConnections: () => connections,
      }),
    },
  )
    .of(certificate)
    .map(String)
}

test.each<[string, Place, string[]]>([
  ['listens everywhere', {}, []],
  ['is behind a proxy', { listen: '/ip4/127.0.0.1/tcp/1/ws', announce: '/dns4/example.org/tcp/443/wss' }, []],
  ['is called by a proxy', { cameFrom: '/ip4/127.0.0.1/tcp/50000' }, []],
  ['listens on loopback', { listen: '/ip4/127.0.0.1/tcp/0' }, LOOPBACK],
  ['announces loopback', { announce: '/ip6/::1/tcp/1' }, LOOPBACK],
  ['has no network', { told: ['/ip4/127.0.0.1/tcp/1'] }, LOOPBACK],
  ['dialled loopback', { dialled: '/ip4/127.0.0.1/tcp/2' }, LOOPBACK],
  ['is on a cable', { listen: '/ip6/fe80::2/tcp/1' }, LINK_LOCAL],
  ['is one of many', { manyPeersPerHost: true }, [...LOOPBACK, ...LINK_LOCAL]],
])('a node that %s dials what leads there, and elsewhere', (_, place, there) => {
  expect(dialled(place)).toEqual([...there, ...ELSEWHERE].slice(0, 8))
})

test('eight addresses of a node are dialled at most', () => {
  const addresses = Array.from({ length: 16 }, (_, i) => multiaddr(`/ip4/192.0.2.${i}/tcp/1`).bytes)
  const options = { listen: [], announce: [], manyPeersPerHost: false }
  const book = new BookAddresses(options, {
    libp2p: () => ({ getMultiaddrs: () => [], getConnections: () => [] }),
  })
  expect(book.of({ addresses })).toHaveLength(8)
})

test('a certificate that names a service of this machine leads nobody there', async () => {
  let connections = 0
  const service = createServer(() => {
    connections += 1
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void service.close())
  const place = `/ip4/127.0.0.1/tcp/${await freePort()}`
  const alice = await startNode({
    identity: 'alice',
    listen: [place],
    announce: ['/ip4/192.0.2.1/tcp/1'],
    manyPeersPerHost: false,
    discover: true,
  })
  const { port } = service.address() as { port: number }
  const peer = await startRawPeer()
  const connection = await peer.dialAsMember(place, await certificateFor(peer))
  const gossip = await peer.openGossip(connection)
  const topic = certificateGossipTopic('testnet')
  gossip.subscribe(topic)
  const addresses = [multiaddr(`/ip4/127.0.0.1/tcp/${port}`).bytes]
  gossip.publish(topic, await certificateFor(await startRawPeer(), 'bob', { addresses }))
  const { pastelId } = seededSigner('bob')
  await waitUntil(() => alice.node.knownNodes().some((node) => node.pastelId === pastelId), {
    what: 'the certificate to be taken',
  })
  await expect(alice.node.connect(pastelId)).rejects.toMatchObject({ code: 'ERR_UNKNOWN_PEER' })
  expect(connections).toBe(0)
})
