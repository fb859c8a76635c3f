import type { Connection, Stream } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'
import {
  type DirectRequest,
  type DirectResponse,
  decodeDirectRequest,
  encodeDirectResponse,
  MAX_DIRECT_FRAME_BYTES,
  ProtocolError,
} from '@pastel-mesh/protocol'
import { type SyncFrames, syncFrames } from '../sync/frames.ts'
import { DIRECT_PROTOCOL } from './direct-requester.ts'

export interface DirectServerComponents {
  /** Answers one question of a certified peer. @throws what breaks the rules: the stream is given up */
  readonly answer: (request: DirectRequest, peer: string, signal: AbortSignal) => Promise<DirectResponse>
  /** A peer broke the rules: its question could not be read, or what that brought is wrong by its bytes alone. */
  readonly onRefused: (what: 'frames' | 'contents', peer: string) => void
  /** Told why a stream was given up. */
  readonly onError: (error: unknown, peer: string) => void
}

/** A peer that does not read its answer for that long is cut off. */
const WRITE_TIMEOUT_MS = 30_000

/** One for messages, one for questions about topics, and one in place of either that is not gone yet. */
const MAX_STREAMS = 3

/** What may wait while two questions are answered: whoever keeps to the rules sends the next when it has an answer. */
const LIMITS = { maxFrameBytes: MAX_DIRECT_FRAME_BYTES, maxBufferBytes: MAX_DIRECT_FRAME_BYTES + 64 * 1024 }

/**
 * Answers peers that leave batches for inboxes, and ask for receipts or bring them: each two questions at a time, so that
 * one is checked while the other goes to the disk, and in the order in which they were asked.
 */
export class DirectServer {
  readonly #components: DirectServerComponents
  readonly #serving = new Map<Stream, Promise<void>>()
  readonly #stopped = new AbortController()
  #registrar: Registrar | undefined

  constructor(components: DirectServerComponents) {
    this.#components = components
  }

  /** @param registrar one that lets certified connections only */
  async start(registrar: Registrar): Promise<void> {
    this.#registrar = registrar
    const handler = (stream: Stream, connection: Connection) => {
      const served = this.#serve(stream, connection.remotePeer.toString()).finally(() =>
        this.#serving.delete(stream),
      )
      this.#serving.set(stream, served)
      return served
    }
    await registrar.handle(DIRECT_PROTOCOL, handler, {
      maxInboundStreams: MAX_STREAMS,
      maxOutboundStreams: MAX_STREAMS,
    })
  }

  async stop(): Promise<void> {
    await this.#registrar?.unhandle(DIRECT_PROTOCOL)
    this.#stopped.abort(new Error('the node stops'))
    for (const stream of this.#serving.keys()) stream.abort(new Error('the node stops'))
    await Promise.all(this.#serving.values())
  }

  async #serve(stream: Stream, peer: string): Promise<void> {
    // Who is gone is not answered: what waits for its turn is let go of.
    const gone = new AbortController()
    const hungUp = new Error('the peer is gone')
    stream.addEventListener('close', () => gone.abort(hungUp), { once: true })
    try {
      const frames = syncFrames(stream, LIMITS)
      let last: Promise<void> = Promise.resolve()
      for (;;) {
        const request = await this.#read(frames, peer)
        const before = last
        if (request === undefined) {
          await before
          return await stream.close({ signal: AbortSignal.timeout(WRITE_TIMEOUT_MS) })
        }
        last = Promise.all([this.#answer(request, peer, gone.signal), before]).then(([response]) =>
          frames.write(encodeDirectResponse(response), AbortSignal.timeout(WRITE_TIMEOUT_MS)),
        )
        // At once, whatever is being read: the peer broke the rules.
        last.catch((error) => stream.abort(error as Error))
        await before
      }
    } catch (error) {
      stream.abort(error as Error)
      if (this.#stopped.signal.aborted || error === hungUp) return
      if ((error as { code?: unknown }).code !== 'ERR_SYNC_CLOSED') this.#components.onError(error, peer)
    }
  }

  /** @returns undefined: the peer has hung up */
  async #read(frames: SyncFrames, peer: string): Promise<DirectRequest | undefined> {
    try {
      const bytes = await frames.read()
      return bytes && decodeDirectRequest(bytes)
    } catch (error) {
      this.#components.onRefused('frames', peer)
      throw error
    }
  }

  async #answer(request: DirectRequest, peer: string, signal: AbortSignal): Promise<DirectResponse> {
    try {
      return await this.#components.answer(request, peer, signal)
    } catch (error) {
      if (error instanceof ProtocolError) this.#components.onRefused('contents', peer)
      throw error
    }
  }
}
