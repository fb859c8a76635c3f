import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Connection } from '@libp2p/interface'
import { yamux } from '@libp2p/yamux'
import { describe, expect, test } from 'vitest'
import { GossipNode } from './fixtures/gossip-node.ts'
import { certificateFor, startRawPeer } from './fixtures/raw-peers.ts'
import { waitUntil } from './fixtures/testkit.ts'

const DATA = 0
const WINDOW_UPDATE = 1
const PING = 2
const SYN = 1

interface Wire {
  readonly muxer: { readonly maConn: { send(bytes: Uint8Array): boolean } }
  readonly maConn: { pause(): void }
}

/** What is under the muxer of a connection. */
function wireOf(connection: Connection): Wire {
  return connection as unknown as Wire
}

function header(type: number, flag: number, stream: number, length: number): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt8(type, 1)
  bytes.writeUInt16BE(flag, 2)
  bytes.writeUInt32BE(stream, 4)
  bytes.writeUInt32BE(length, 8)
  return bytes
}

/** A certified connection to a new node. */
async function connect(listen = '/ip4/127.0.0.1/tcp/0') {
  const node = await GossipNode.start({ identity: 'alice', listen })
  const peer = await startRawPeer()
  const connection = await peer.dialAsMember(node.address, await certificateFor(peer))
  await waitUntil(() => node.certified.length === 1, { what: 'the peer to be certified' })
  return { node, wire: wireOf(connection) }
}

describe('a peer is cut off', () => {
  test.each([
    ['TCP', '/ip4/127.0.0.1/tcp/0'],
    ['a WebSocket', '/ip4/127.0.0.1/tcp/0/ws'],
  ])('when it claims a frame that is longer than any window, on %s', async (_, listen) => {
    const { node, wire } = await connect(listen)
    wire.muxer.maConn.send(header(DATA, 0, 1, 0xff_ff_ff_ff))
    for (let i = 0; i < 5; i += 1) wire.muxer.maConn.send(Buffer.alloc(256 * 1024))
    await waitUntil(() => node.gone.length === 1, { what: 'the connection to be cut', timeoutMs: 5_000 })
  })

  test.each([
    ['pings', () => header(PING, SYN, 0, 1)],
    ['new streams', (i: number) => header(WINDOW_UPDATE, SYN, 100_001 + 2 * i, 0)],
  ])('when it asks for the answers to endless %s and reads none', async (_, frame) => {
    const { node, wire } = await connect()
    wire.maConn.pause()
    let sent = 0
    await waitUntil(
      () => {
        const frames = Array.from({ length: 20_000 }, () => frame(sent++))
        if (node.gone.length === 0) wire.muxer.maConn.send(Buffer.concat(frames))
        return node.gone.length === 1
      },
      { what: 'the connection to be cut', everyMs: 1 },
    )
  })
})

test('what is read of private state is there, in the version that it was written for', async () => {
  const door = fileURLToPath(import.meta.resolve('@libp2p/yamux'))
  const { version } = JSON.parse(await readFile(new URL('../../package.json', `file://${door}`), 'utf8'))
  expect(version).toBe('8.0.3')
  const { connection } = await (async () => {
    const node = await GossipNode.start({ identity: 'alice' })
    const peer = await startRawPeer()
    return { connection: await peer.dial(node.address) }
  })()
  const { muxer } = connection as unknown as { muxer: { decoder: { buffer: { byteLength: number } } } }
  expect(muxer.decoder.buffer.byteLength).toBeTypeOf('number')
  expect(yamux()().createStreamMuxer).toBeTypeOf('function')
})
