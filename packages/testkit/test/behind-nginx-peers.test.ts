import { once } from 'node:events'
import { createControlClient, dataFolder } from '@pastel-mesh/node'
import { describe, expect, onTestFinished, test } from 'vitest'
import WebSocket from 'ws'
import { startNode } from '../../node/test/fixtures/running-node.ts'
import { makeCertificate } from '../src/attackers/certificate-exchange.ts'
import { RawGossipPeer } from '../src/attackers/raw-gossip-peer.ts'
import { seededSigner } from '../src/fixtures/log-writer.ts'
import { waitUntil } from '../src/mesh/wait-until.ts'
import { missingForNginx } from '../src/nginx/nginx.ts'
import { relayFrom } from './fixtures/relay-from.ts'
import { START_MS, servedBehindNginx, TOPIC } from './fixtures/served-behind-nginx.ts'

/** More than a node takes of one address in a second. */
const PEERS = 12
/** WebSockets at a time, more than nginx takes of one address. */
const WAVE = 40

const served = servedBehindNginx()

/** The addresses of the peers of the node. */
async function peerAddresses(): Promise<string[]> {
  const peers = await served.operator.api.admin.peers.list.query()
  return peers.map(({ address }) => address)
}

/** A member from an address of its own, through nginx. */
async function dialFrom(address: string): Promise<void> {
  const port = await relayFrom(address, served.nginx.port)
  const peer = await RawGossipPeer.start()
  onTestFinished(() => peer.stop())
  const { nodeKey } = peer
  const certificate = await makeCertificate({ network: 'local', signer: seededSigner(address), nodeKey })
  await peer.dialAsMember(`/dns4/localhost/tcp/${port}/tls/ws`, certificate)
}

/** Opens a WebSocket at the root. @returns the status of the answer */
async function statusFrom(localAddress: string): Promise<number | undefined> {
  const socket = new WebSocket(`wss://localhost:${served.nginx.port}/`, { localAddress })
  onTestFinished(() => socket.terminate())
  socket.on('error', () => {})
  const refused = once(socket, 'unexpected-response').then(([, { statusCode }]) => statusCode)
  return Promise.race([once(socket, 'open').then(() => 101), refused])
}

describe.skipIf(missingForNginx !== undefined)('another node', () => {
  test(
    'dials one behind nginx, and messages go both ways',
    async () => {
      const { nginx, operator } = served
      const other = await startNode({
        args: [
          ...[
            '--bootstrap',
            `/dns4/localhost/tcp/${nginx.port}/tls/ws`,
            '--topic',
            TOPIC,
            '--members',
            'open',
          ],
        ],
        env: { NODE_EXTRA_CA_CERTS: nginx.authority.file },
      })
      onTestFinished(() => other.remove())
      const there = createControlClient(dataFolder(other.dataDir).socket)
      onTestFinished(() => there.close())
      for (const [from, to] of [
        [operator, there],
        [there, operator],
      ] as const) {
        const { ids } = await from.api.service.messages.publish.mutate({
          topic: TOPIC,
          messages: [{ text: 'through nginx' }],
        })
        await waitUntil(
          async () => {
            const { messages } = await to.api.service.messages.list.query({ topic: TOPIC })
            return messages.some(({ id }) => id === ids[0])
          },
          { what: 'the message to come' },
        )
      }
      const [peer] = await there.api.admin.peers.list.query()
      expect(peer).toMatchObject({ direction: 'outbound' })
      expect(peer?.address).toContain(`/dns4/localhost/tcp/${nginx.port}/tls/ws`)
    },
    START_MS,
  )

  test('is one of many, each with its own address at the node', async () => {
    const addresses = Array.from({ length: PEERS }, (_, at) => `127.0.1.${at + 1}`)
    await Promise.all(addresses.map(dialFrom))
    await waitUntil(async () => (await peerAddresses()).length >= PEERS, { what: 'all of them to be peers' })
    const seen = (await peerAddresses()).map((address) => /^\/ip4\/([\d.]+)\/tcp\//.exec(address)?.[1])
    expect(seen).toEqual(expect.arrayContaining(addresses))
  })

  test('that opens too many connections is refused them, and others are not', async () => {
    const begunMs = performance.now()
    const statuses: (number | undefined)[] = []
    while (!statuses.includes(429))
      statuses.push(...(await Promise.all(Array.from({ length: WAVE }, () => statusFrom('127.0.2.1')))))
    const most = 21 + Math.ceil((5 * (performance.now() - begunMs)) / 1_000)
    expect(statuses.filter((status) => status === 101).length).toBeLessThanOrEqual(most)
    expect(new Set(statuses)).toEqual(new Set([101, 429]))
    expect(await statusFrom('127.0.2.2')).toBe(101)
    await dialFrom('127.0.2.3')
  })
})
