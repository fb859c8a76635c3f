import type { MessageStream, StreamMuxerFactory } from '@libp2p/interface'
import { type YamuxMuxerInit, yamux } from '@libp2p/yamux'
import { lazyWindow, type WindowedStream } from './lazy-window.ts'
import { metered, type StreamCounters } from './stream-meter.ts'

type Muxer = ReturnType<ReturnType<ReturnType<typeof yamux>>['createStreamMuxer']>

/** Private state of a muxer of `@libp2p/yamux` 8.0.3; a test pins the shape to this version. */
interface Internals {
  readonly decoder: { readonly buffer: { readonly byteLength: number } }
  _newStream(streamId: number, state: unknown, direction: string): WindowedStream
}

/** What a peer may send on one stream before it is told to go on, and so the longest frame that it may send. */
export const MAX_STREAM_WINDOW_BYTES = 1024 * 1024

const HEADER_BYTES = 12

/**
 * Frames that may wait for a peer that does not read. Streams wait when the socket is full, but answers to pings
 * and to new streams, and window updates, are written all the same.
 */
const MAX_BLOCKED_FRAMES = 20_000

/**
 * A connection on which nothing came for that long is dead: a live peer answers a ping every thirty seconds. What
 * counts is any byte, so that a slow or a busy link is not taken for a dead one. TCP alone would notice after a
 * quarter of an hour.
 */
const SILENCE_MS = 100_000

/**
 * Yamux with the bounds that `@libp2p/yamux` lacks; without the first two a peer, certified or not, fills the
 * memory. A frame is collected up to the length that its header claims, 4 GiB, before it is compared with the
 * window. Each ping and each stream beyond the limit is answered, whether or not the other end reads the answers.
 * And a ping that is never answered has no consequence.
 */
export function boundedYamux(
  init: YamuxMuxerInit,
  {
    silenceMs = SILENCE_MS,
    counters = { sent: {}, read: {} },
  }: { silenceMs?: number; counters?: StreamCounters } = {},
): () => StreamMuxerFactory {
  const create = yamux(init)
  return () => {
    const factory = create()
    const createStreamMuxer = factory.createStreamMuxer.bind(factory)
    factory.createStreamMuxer = (maConn) => {
      endSilence(maConn, silenceMs)
      return bound(createStreamMuxer(maConn), maConn, counters)
    }
    return factory
  }
}

function endSilence(maConn: MessageStream, silenceMs: number): void {
  let heardMs = performance.now()
  maConn.addEventListener('message', () => {
    heardMs = performance.now()
  })
  const timer = setInterval(() => {
    if (performance.now() - heardMs > silenceMs) maConn.abort(new Error('the peer has fallen silent'))
  }, silenceMs / 4)
  maConn.addEventListener('close', () => clearInterval(timer), { once: true })
}

function bound(muxer: Muxer, maConn: MessageStream, counters: StreamCounters): Muxer {
  const internals = muxer as unknown as Internals
  const { decoder } = internals
  const newStream = internals._newStream.bind(muxer)
  internals._newStream = (...parameters) => metered(lazyWindow(newStream(...parameters)), counters)
  const onData = muxer.onData.bind(muxer)
  const send = muxer.send.bind(muxer)
  let blocked = 0
  maConn.addEventListener('drain', () => {
    blocked = 0
  })
  // The muxer aborts itself and the connection when this throws.
  muxer.onData = (data) => {
    onData(data)
    if (decoder.buffer.byteLength > MAX_STREAM_WINDOW_BYTES + HEADER_BYTES) {
      throw new Error('a yamux frame is longer than any stream window')
    }
    if (blocked > MAX_BLOCKED_FRAMES) throw new Error('the peer does not read what it asked for')
  }
  muxer.send = (data) => {
    if (maConn.writableNeedsDrain) blocked += 1
    try {
      return send(data)
    } catch (error) {
      // A stream that is opened while the connection closes sends its first frame from a microtask, where an error
      // would end the process. The stream ends with its connection in any case.
      if ((error as Error).name === 'StreamStateError') return false
      throw error
    }
  }
  return muxer
}
