import { randomBytes } from 'node:crypto'
import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { startNode, stores } from './fixtures/nodes.ts'

/** Of random bytes, in text: compressed it is not much less. */
const BODY_BYTES = 6_000

test('what is written to peers is counted by protocol, and is no more than what is on the wire', async () => {
  const sockets = new Set<Socket>()
  const watch = (message: unknown) => sockets.add((message as { socket: Socket }).socket)
  subscribe('net.client.socket', watch)
  subscribe('net.server.socket', watch)
  const alice = await startNode({ identity: 'alice' })
  const bob = await startNode({ identity: 'bob' })
  await bob.node.connect(alice.address)
  await alice.node.waitForPeers('test')
  await alice.node.publish('test', { text: randomBytes(BODY_BYTES).toString('base64') })
  await stores(bob, 1)

  const bytesOf = (node: typeof alice, prefix: string) =>
    Object.entries(node.node.counters.sent)
      .filter(([protocol]) => protocol.startsWith(prefix))
      .reduce((sum, [, { bytes }]) => sum + bytes, 0)
  // A message goes by gossip, once.
  expect(bytesOf(alice, '/meshsub/')).toBeGreaterThan(BODY_BYTES)
  expect(bytesOf(alice, '/meshsub/')).toBeLessThan(2 * BODY_BYTES)
  expect(bytesOf(bob, '/meshsub/')).toBeLessThan(BODY_BYTES)
  for (const protocol of ['/pastel-mesh/certificate/', '/pastel-mesh/log/', '/pastel-mesh/book/']) {
    expect(bytesOf(alice, protocol), protocol).toBeGreaterThan(0)
    expect(bytesOf(bob, protocol), protocol).toBeGreaterThan(0)
  }
  const onTheWire = [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, 0)
  expect(bytesOf(alice, '') + bytesOf(bob, '')).toBeLessThan(onTheWire)
})
