import { noise } from '@chainsafe/libp2p-noise'
import type { MessageStream, StreamMuxer } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { afterEach, expect, test } from 'vitest'
import { boundedYamux } from '../src/connection/bounded-yamux.ts'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()))
})

/** A peer, and the muxers of its connections with what they write to. */
async function peer() {
  const muxers: { muxer: StreamMuxer; connection: MessageStream }[] = []
  const create = boundedYamux({})
  const libp2p = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [
      () => {
        const factory = create()
        const createStreamMuxer = factory.createStreamMuxer.bind(factory)
        factory.createStreamMuxer = (connection) => {
          const muxer = createStreamMuxer(connection)
          muxers.push({ muxer, connection })
          return muxer
        }
        return factory
      },
    ],
    connectionGater: { denyDialMultiaddr: () => false },
  })
  stops.push(async () => libp2p.stop())
  return { libp2p, muxers }
}

// @libp2p/yamux 8.0.3 sends a new stream's first frame from a microtask: on a connection that began to close in
// between, the error had no catcher and ended the process. Every peer that hung up could take a node with it.
test('a stream that is opened in the moment when its connection closes does not end the process', async () => {
  const [one, other] = await Promise.all([peer(), peer()])
  await one.libp2p.dial(other.libp2p.getMultiaddrs())
  const { muxer, connection } = one.muxers[0] ?? expect.fail('no muxer was made')
  const uncaught: unknown[] = []
  const record = (error: unknown) => uncaught.push(error)
  process.on('uncaughtException', record)
  try {
    const opening = muxer.createStream()
    await connection.close()
    await opening
    // An uncaught exception is reported once the microtasks are through.
    await new Promise((resolve) => setImmediate(resolve))
  } finally {
    process.off('uncaughtException', record)
  }
  expect(uncaught).toEqual([])
})
