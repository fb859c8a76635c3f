import type { Connection } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { encode } from 'it-length-prefixed'
import { expect, test } from 'vitest'
import { GossipStreams } from '../src/gossip/stream-guards.ts'
import { waitUntil } from './fixtures/testkit.ts'

/** More than a peer may send at once, in frames of an honest size. */
const FRAME = encode.single(Buffer.alloc(500 * 1024)).subarray()
const FLOOD = Buffer.concat(Array(18).fill(FRAME))

// Pausing, or resuming, a stream that has just ended throws; in a microtask or a timer that ended the process.
test('a peer that floods and hangs up in the same breath does not end the process', async () => {
  const uncaught: unknown[] = []
  const onUncaught = (error: unknown) => uncaught.push(error)
  process.on('uncaughtException', onUncaught)
  try {
    const streams = new GossipStreams({ onCongested: () => {} })
    for (const ending of ['reset', 'end', 'reset while held'] as const) {
      const [, here] = await streamPair()
      const connection = { remotePeer: { toString: () => ending } } as unknown as Connection
      streams.onInbound(here, connection)
      here.addEventListener('message', () => {})
      const wire = here as unknown as {
        onData(data: Uint8Array): void
        onRemoteReset(): void
        onRemoteCloseWrite(): void
      }
      if (ending === 'end') wire.onRemoteCloseWrite()
      wire.onData(FLOOD)
      if (ending === 'reset') wire.onRemoteReset()
      if (ending === 'reset while held') {
        await Promise.resolve()
        expect(here.readStatus).toBe('paused')
        wire.onRemoteReset()
      }
      // A debt of one megabyte is paid in some twenty milliseconds: past the timer that resumes the stream.
      const sinceMs = performance.now()
      await waitUntil(() => performance.now() - sinceMs > 50, { what: 'the debt to be paid' })
    }
  } finally {
    process.off('uncaughtException', onUncaught)
  }
  expect(uncaught).toEqual([])
})
