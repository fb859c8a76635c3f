import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { startNode, type TestNode } from './fixtures/nodes.ts'
import { certificateFor, startRawPeer } from './fixtures/raw-peers.ts'
import { waitUntil } from './fixtures/testkit.ts'

/** More than a node takes of one address in a second. */
const PEERS = 12

/** Listens on WebSockets, and has limits by address. */
function startListening(trustedProxies: readonly string[]): Promise<TestNode> {
  const listen = ['/ip4/127.0.0.1/tcp/0/ws']
  return startNode({ identity: 'alice', listen, manyPeersPerHost: false, trustedProxies })
}

/** A proxy that says of each connection that it is from another address. @returns where it is reached */
async function startProxy({ address }: TestNode): Promise<string> {
  let count = 0
  const server = createServer((outside) => {
    count += 1
    const header = `\r\nX-Forwarded-For: 192.0.2.${count}\r\n`
    const inside = connect(Number(/\/tcp\/(\d+)\/ws/.exec(address)?.[1]), '127.0.0.1')
    outside.on('error', () => inside.destroy())
    inside.on('error', () => outside.destroy())
    onTestFinished(() => void outside.destroy())
    inside.pipe(outside)
    outside.once('data', (request: Buffer) => {
      inside.write(request.toString('latin1').replace('\r\n', header), 'latin1')
      outside.pipe(inside)
    })
  })
  onTestFinished(() => void server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}/ws`
}

/** Dials with as many members at once. @returns how many were accepted */
async function accepted(address: string, count = PEERS): Promise<number> {
  const dials = Array.from({ length: count }, async (_, index) => {
    const peer = await startRawPeer()
    await peer.dialAsMember(address, await certificateFor(peer, `member ${index}`))
  })
  return (await Promise.allSettled(dials)).filter(({ status }) => status === 'fulfilled').length
}

test('behind a proxy that is named each peer has its own address, for limits and bans alike', async () => {
  const alice = await startListening(['127.0.0.1'])
  const proxy = await startProxy(alice)
  expect(await accepted(proxy)).toBe(PEERS)
  await waitUntil(() => alice.node.peers().length === PEERS, { what: 'all of them to be peers' })
  const addresses = alice.node.peers().map(({ address }) => /^\/ip4\/([\d.]+)\/tcp\//.exec(address)?.[1])
  expect(new Set(addresses)).toEqual(new Set(Array.from({ length: PEERS }, (_, at) => `192.0.2.${at + 1}`)))
  expect((await alice.node.bans.ban('192.0.2.3')).connections).toBe(1)
  await alice.node.bans.ban(`192.0.2.${PEERS + 1}`)
  expect(await accepted(proxy, 1)).toBe(0)
})

test('of a proxy that is not named all who come through it count as one', async () => {
  const alice = await startListening(['10.0.0.0/8'])
  expect(await accepted(await startProxy(alice))).toBeLessThan(PEERS)
  expect(alice.node.peers().every(({ address }) => address.startsWith('/ip4/127.0.0.1/'))).toBe(true)
})
