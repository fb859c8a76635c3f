import type { Stream } from '@libp2p/interface'
import { MeshError } from '@pastel-mesh/identity'
import {
  type Cursor,
  decodeSyncResponse,
  encodeSyncRequest,
  type HeadsRequest,
  type HeadsResponse,
  type LogRange,
  MAX_SYNC_RESPONSE_BYTES,
  type RangesResponse,
  type SyncRequest,
  type SyncResponse,
} from '@pastel-mesh/protocol'
import { peerEpochMs } from '../connection/clock-check.ts'
import { isConnectionGone } from '../connection/is-connection-gone.ts'
import { withTimeLimit } from '../inbound/time-limit.ts'
import { type SyncFrames, syncFrames } from './frames.ts'

export interface SyncRequesterComponents {
  readonly openStream: (signal: AbortSignal) => Promise<Stream>
  /** A holder that takes longer for one frame is dropped. @default 30 seconds */
  readonly answerTimeoutMs?: number
  /** Told what the holder's clock showed, see {@link peerEpochMs}. */
  readonly onClock?: (epochMs: number) => void
}

/** An answer that took longer says little of the time: it may have waited at either end. */
const MAX_CLOCK_ROUND_TRIP_MS = 2_000

/** Bytes of batches asked for at a time: what is on its way from one peer, and so in memory, stays under it. */
const REQUEST_BYTES = 4 * 1024 * 1024

/** Long enough for the largest frame over a slow link. */
const ANSWER_TIMEOUT_MS = 30_000

/** Waiting for all frames of an answer together takes no longer than so many times one: drop by drop is no answer. */
const MAX_WAITS = 4

/** What was asked for, in whatever frames it comes, and one frame more. */
const MAX_BUFFER_BYTES = REQUEST_BYTES + 2 * MAX_SYNC_RESPONSE_BYTES

/**
 * Asks one holder, one question at a time, and refuses answers that break the rules; after a refusal, as after
 * any failure, {@link drop} must follow.
 */
export class SyncRequester {
  readonly #components: SyncRequesterComponents
  readonly #closed = new AbortController()
  #connection: { stream: Stream; frames: SyncFrames } | undefined
  #lastId = 0

  constructor(components: SyncRequesterComponents) {
    this.#components = components
  }

  /** Aborted when the requester is closed for good. */
  get signal(): AbortSignal {
    return this.#closed.signal
  }

  /** Which logs got something since a cursor. `rest`: see HeadsRequest. */
  async heads(
    channels: readonly string[],
    from: Cursor | undefined,
    rest: Pick<HeadsRequest, 'direct' | 'sinceMs'> & { readonly stored?: Cursor | undefined } = {},
  ): Promise<HeadsResponse> {
    const { stored, ...others } = rest
    const askedAtMs = performance.now()
    const id = await this.#ask((id) => ({
      kind: 'heads',
      id,
      channels,
      ...(from === undefined ? {} : { from }),
      ...(stored === undefined ? {} : { stored }),
      ...others,
    }))
    const answer = await this.#read(id)
    if (answer.kind !== 'heads') throw protocolError('ranges in answer to heads')
    const answeredAtMs = performance.now()
    if (answer.timeMs !== undefined && answeredAtMs - askedAtMs <= MAX_CLOCK_ROUND_TRIP_MS) {
      this.#components.onClock?.(peerEpochMs(answer.timeMs, askedAtMs, answeredAtMs))
    }
    if (answer.reset && from === undefined) throw protocolError('a reset of nothing')
    if (answer.more) {
      const before = answer.reset ? 0 : (from?.position ?? 0)
      if (answer.next.position <= before) throw protocolError('heads do not advance')
    }
    const asked = new Set(channels)
    if (!answer.heads.every(({ channel }) => asked.has(channel))) {
      throw protocolError('a head of a channel that was not asked for')
    }
    return answer
  }

  /** Batches of some ranges, frame by frame: the next is read when the one before is dealt with. */
  async *ranges(ranges: readonly LogRange[], sinceMs = 0): AsyncGenerator<RangesResponse> {
    const asked = new Set(ranges.map(({ log }) => log))
    const id = await this.#ask((id) => ({
      kind: 'ranges',
      id,
      ranges,
      maxBytes: REQUEST_BYTES,
      ...(sinceMs === 0 ? {} : { sinceMs }),
    }))
    let sizeBytes = 0
    let waitedMs = 0
    for (;;) {
      const askedAtMs = performance.now()
      const answer = await this.#read(id)
      waitedMs += performance.now() - askedAtMs
      if (waitedMs > MAX_WAITS * this.#timeoutMs) throw tooSlow(waitedMs)
      if (answer.kind !== 'ranges') throw protocolError('heads in answer to ranges')
      for (const { length } of answer.batches) sizeBytes += length
      if (sizeBytes > REQUEST_BYTES) throw protocolError('more bytes than were asked for')
      if (!answer.done && answer.batches.length === 0)
        throw protocolError('a part of an answer without batches')
      if (![...answer.denied, ...answer.pruned].every(({ log }) => asked.has(log))) {
        throw protocolError('a denial of what was not asked for')
      }
      yield answer
      if (answer.done) return
    }
  }

  close(): void {
    this.#closed.abort(new MeshError('ERR_SYNC_CLOSED', 'the connection to the peer is gone'))
    this.drop()
  }

  /** Gives the stream up; the next question opens another. */
  drop(): void {
    this.#connection?.stream.abort(new Error('sync stream dropped'))
    this.#connection = undefined
  }

  async #ask(make: (id: number) => SyncRequest): Promise<number> {
    this.#lastId += 1
    const id = this.#lastId
    await this.#inTime(async (signal) => {
      const { frames } = await this.#connect(signal)
      await frames.write(encodeSyncRequest(make(id)), signal)
    })
    return id
  }

  async #read(id: number): Promise<SyncResponse> {
    const bytes = await this.#inTime(async (signal) => this.#connection?.frames.read(signal))
    if (bytes === undefined) throw new MeshError('ERR_SYNC_CLOSED', 'the peer closed the sync stream')
    const response = decodeSyncResponse(bytes)
    if (response.id !== id) throw protocolError('an answer to another question')
    if (response.kind === 'error') throw protocolError(`an error: ${response.error}`)
    return response
  }

  async #connect(signal: AbortSignal): Promise<{ stream: Stream; frames: SyncFrames }> {
    if (this.#connection !== undefined) return this.#connection
    const stream = await this.#openStream(signal)
    if (signal.aborted) stream.abort(signal.reason)
    signal.throwIfAborted()
    const limits = { maxFrameBytes: MAX_SYNC_RESPONSE_BYTES, maxBufferBytes: MAX_BUFFER_BYTES }
    this.#connection = { stream, frames: syncFrames(stream, limits) }
    return this.#connection
  }

  async #openStream(signal: AbortSignal): Promise<Stream> {
    try {
      return await this.#components.openStream(signal)
    } catch (cause) {
      if (!isConnectionGone(cause)) throw cause
      throw new MeshError('ERR_SYNC_CLOSED', 'the connection to the peer is gone', { cause })
    }
  }

  #inTime<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const ms = this.#timeoutMs
    return withTimeLimit({ ms, error: () => tooSlow(ms), signal: this.signal }, act)
  }

  get #timeoutMs(): number {
    return this.#components.answerTimeoutMs ?? ANSWER_TIMEOUT_MS
  }
}

function tooSlow(ms: number): MeshError {
  return new MeshError('ERR_SYNC_TIMEOUT', `the peer took longer than ${Math.round(ms)} ms to answer`)
}

export function protocolError(what: string): MeshError {
  return new MeshError('ERR_SYNC_PROTOCOL', `the peer's sync answer was wrong: ${what}`)
}
