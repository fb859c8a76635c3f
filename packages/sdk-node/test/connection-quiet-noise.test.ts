import { LengthPrefixedDecoder } from '@libp2p/utils'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type FramedStream, frameLength } from '../src/connection/quiet-noise.ts'
import { GossipNode } from './fixtures/gossip-node.ts'
import { startRawPeer } from './fixtures/raw-peers.ts'
import { waitUntil } from './fixtures/testkit.ts'

const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 600 }), { maxLength: 8 })

test('frames are found in whatever pieces they come', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 700 })), (sent, sizes) => {
      const wire = Buffer.concat(
        sent.flatMap((frame) => [Buffer.of(frame.length >> 8, frame.length & 0xff), frame]),
      )
      const decoder = new LengthPrefixedDecoder({ encodingLength: () => 2 })
      ;(decoder as unknown as FramedStream['decoder']).lengthDecoder = frameLength
      const received: string[] = []
      for (let at = 0, i = 0; at < wire.length; i += 1) {
        const end = at + (sizes[i] ?? wire.length)
        for (const frame of decoder.decode(wire.subarray(at, end))) {
          received.push(Buffer.from(frame.subarray()).toString('hex'))
        }
        at = end
      }
      expect(received).toEqual(sent.map((frame) => Buffer.from(frame).toString('hex')))
    }),
  )
})

test('a connection makes no error for each frame, in the version that this was written for', async () => {
  const node = await GossipNode.start({ identity: 'alice' })
  const peer = await startRawPeer()
  await peer.dial(node.address)
  const { libp2p } = node.transport
  await waitUntil(() => libp2p.getConnections().length > 0, { what: 'the connection' })
  const [inbound] = libp2p.getConnections()
  const { maConn } = (inbound as unknown as { muxer: { maConn: FramedStream } }).muxer
  expect(maConn.decoder).toBeInstanceOf(LengthPrefixedDecoder)
  const thrown = [0, 1].map((byteLength) => {
    try {
      return maConn.decoder.lengthDecoder({ byteLength, getUint16: () => 0 })
    } catch (error) {
      return error
    }
  })
  expect(thrown[0]).toBeInstanceOf(RangeError)
  expect(thrown[1]).toBe(thrown[0])
})
