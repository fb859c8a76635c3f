import { readFile } from 'node:fs/promises'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, test } from 'vitest'
import { GossipNode } from './fixtures/gossip-node.ts'
import { MuteServer } from './fixtures/mute-server.ts'
import { certificateFor, startRawPeer } from './fixtures/raw-peers.ts'
import { RawSocket } from './fixtures/raw-socket.ts'
import { waitUntil } from './fixtures/testkit.ts'

const LISTEN = '/ip4/127.0.0.1/tcp/0/ws'

/** A frame of a client: the header and an all-zero mask. */
function frame(firstByte: number, length: bigint): Buffer {
  const header = Buffer.alloc(14)
  header[0] = firstByte
  header[1] = 0x80 | 127
  header.writeBigUInt64BE(length, 2)
  return header
}

describe('on a WebSocket', () => {
  test('a frame against the rules ends its connection, not the node', async () => {
    const node = await GossipNode.start({ identity: 'alice', listen: LISTEN })
    const attacker = await RawSocket.upgrade(node.address)
    attacker.socket.write(frame(0xf2, 10n))
    await attacker.closed
    const other = await GossipNode.start({ identity: 'bob', listen: LISTEN })
    await other.join(node)
  })

  test('a message larger than any that a peer needs is refused by its header', async () => {
    const node = await GossipNode.start({ identity: 'alice', listen: LISTEN })
    const attacker = await RawSocket.upgrade(node.address)
    attacker.socket.write(frame(0x82, 1024n * 1024n))
    await attacker.closed
  })

  test('silent sockets do not keep the node from stopping', async () => {
    const node = await GossipNode.start({ identity: 'alice', listen: LISTEN })
    const silent = await Promise.all(Array.from({ length: 5 }, () => RawSocket.open(node.address)))
    await node.stop()
    await Promise.all(silent.map(({ closed }) => closed))
  })

  test('a socket that never becomes a WebSocket is cut off', async () => {
    const node = await GossipNode.start({ identity: 'alice', listen: LISTEN })
    const silent = await RawSocket.open(node.address)
    const slow = await RawSocket.open(node.address)
    slow.socket.write('GET / HTTP/1.1\r\n')
    await Promise.all([silent.closed, slow.closed])
  }, 20_000)

  test('a peer that is cut off is gone, at both ends', async () => {
    const node = await GossipNode.start({ identity: 'alice', listen: LISTEN })
    const peer = await startRawPeer()
    const connection = await peer.dialAsMember(node.address, await certificateFor(peer))
    await waitUntil(() => node.certified.length === 1, { what: 'the peer to be certified' })
    node.certified[0]?.connection.abort(new Error('cut off'))
    await waitUntil(() => connection.status !== 'open', { what: 'the other end to notice' })
    await waitUntil(() => node.gone.length === 1, { what: 'this end to notice' })
  })

  test('a dial that is aborted leaves no socket', async () => {
    const node = await GossipNode.start({ identity: 'alice' })
    const mute = await MuteServer.start()
    const dialling = node.transport.libp2p.dial(multiaddr(`/ip4/127.0.0.1/tcp/${mute.port}/ws`), {
      signal: mute.asked.signal,
    })
    await expect(dialling).rejects.toThrow()
    await mute.hungUp
  })
})

test('the private state that the bounds reach into is there, in the version that they were written for', async () => {
  const door = import.meta.resolve('@libp2p/websockets')
  const { version } = JSON.parse(await readFile(new URL('../../package.json', door), 'utf8'))
  expect(version).toBe('10.1.21')
})
