import type { Connection } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { encode } from 'it-length-prefixed'
import { expect, test } from 'vitest'
import { GossipStreams } from '../src/gossip/stream-guards.ts'
import { waitUntil } from './fixtures/testkit.ts'

const small = encode.single(Buffer.of(1, 2, 3)).subarray()

test.each<[string, Uint8Array]>([
  ['a frame above the limit', encode.single(Buffer.alloc(1024 * 1024)).subarray()],
  ['a length that is padded with zeros', Buffer.of(0x83, 0x00, 1, 2, 3)],
])('the stream is reset at %s, and its reader sees nothing of it', async (_what, bad) => {
  const [there, here] = await streamPair()
  const connection = { remotePeer: { toString: () => 'peer' } } as unknown as Connection
  new GossipStreams({ onCongested: () => {} }).onInbound(here, connection)
  const read: Uint8Array[] = []
  here.addEventListener('message', ({ data }) => read.push(data.subarray()))
  there.send(small)
  await waitUntil(() => read.length === 1, { what: 'a good frame to be read' })
  there.send(Buffer.concat([bad, small]))
  await waitUntil(() => here.status === 'aborted', { what: 'the stream to be reset' })
  await waitUntil(() => there.status === 'reset', { what: 'the other end to hear of it' })
  expect(Buffer.concat(read)).toEqual(Buffer.from(small))
})
