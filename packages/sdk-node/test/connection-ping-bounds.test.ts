import { expect, test } from 'vitest'
import { GossipNode } from './fixtures/gossip-node.ts'
import { startRawPeer } from './fixtures/raw-peers.ts'
import { waitUntil } from './fixtures/testkit.ts'

const PING = '/ipfs/ping/1.0.0'

test('pings are answered, without a certificate too, but not without end', async () => {
  const node = await GossipNode.start({ identity: 'alice' })
  const peer = await startRawPeer()
  const connection = await peer.dial(node.address)
  const answers: number[] = []
  const stream = await connection.newStream(PING)
  stream.addEventListener('message', ({ data }) => answers.push(data.byteLength))
  stream.send(Buffer.alloc(32, 7))
  await waitUntil(() => answers.length === 1, { what: 'an answer' })
  expect(answers).toEqual([32])
  await stream.close()
  await waitUntil(() => stream.status !== 'open', { what: 'the stream to end' })

  // One that asks and does not read the answers: they wait at the node, and behind them the questions.
  const flood = await connection.newStream(PING)
  flood.pause()
  flood.send(Buffer.alloc(16 * 1024 * 1024))
  await waitUntil(() => flood.status !== 'open', { what: 'the flood to be cut', timeoutMs: 4_000 })
})
