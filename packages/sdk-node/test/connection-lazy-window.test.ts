import type { Connection } from '@libp2p/interface'
import { expect, test } from 'vitest'
import type { WindowedStream } from '../src/connection/lazy-window.ts'
import { lazyWindow } from '../src/connection/lazy-window.ts'
import { GossipNode } from './fixtures/gossip-node.ts'
import { startRawPeer } from './fixtures/raw-peers.ts'

const ESTABLISHED = 3
const PAUSED = 5

/** A stream with a window of 100 bytes, and how often it told the other end to go on. */
function streamWith(state: number, left: number) {
  const stream: WindowedStream & { updates: number } = {
    updates: 0,
    state,
    recvWindow: 100,
    recvWindowCapacity: left,
    sendWindowUpdate() {
      this.updates += 1
    },
  }
  return lazyWindow(stream)
}

test.each([
  ['not after a small part of the window', ESTABLISHED, 99, 0],
  ['at half of the window', ESTABLISHED, 50, 1],
  ['when the window is used up', ESTABLISHED, 0, 1],
  ['always while the stream is being opened', 0, 100, 1],
  ['as yamux decides while reading is paused', PAUSED, 99, 1],
])('the other end is told to go on: %s', (_, state, left, updates) => {
  const stream = streamWith(state, left)
  stream.sendWindowUpdate()
  expect(stream.updates).toBe(updates)
})

test('what is read of private state is there, in the version that it was written for', async () => {
  const node = await GossipNode.start({ identity: 'alice' })
  const peer = await startRawPeer()
  const connection: Connection = await peer.dial(node.address)
  const stream = await connection.newStream('/ipfs/ping/1.0.0')
  const { recvWindow, recvWindowCapacity, state, sendWindowUpdate } = stream as unknown as WindowedStream
  expect([typeof recvWindow, typeof recvWindowCapacity, typeof sendWindowUpdate]).toEqual([
    'number',
    'number',
    'function',
  ])
  expect(state).toBeLessThanOrEqual(ESTABLISHED)
})
