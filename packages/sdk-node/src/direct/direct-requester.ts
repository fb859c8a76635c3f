import type { Connection, Stream } from '@libp2p/interface'
import { MeshError } from '@pastel-mesh/identity'
import {
  type DirectRequest,
  type DirectResponse,
  decodeDirectResponse,
  encodeDirectRequest,
  MAX_DIRECT_FRAME_BYTES,
} from '@pastel-mesh/protocol'
import { withTimeLimit } from '../inbound/time-limit.ts'
import { type SyncFrames, syncFrames } from '../sync/frames.ts'

/** Protocol on which batches to inboxes are left, and receipts are given. */
export const DIRECT_PROTOCOL = '/pastel-mesh/direct/1'

/** The peer checks, stores and signs before it answers; a slow disk takes its time. */
const ANSWER_TIMEOUT_MS = 30_000

/** A request without its number. */
export type DirectQuestion = DirectRequest extends infer R
  ? R extends { id: number }
    ? Omit<R, 'id'>
    : never
  : never

/** Asks one peer, one question at a time, over one stream that is opened when it is needed. */
export class DirectRequester {
  readonly #connection: Connection
  readonly #closed = new AbortController()
  #open: { stream: Stream; frames: SyncFrames } | undefined
  #last: Promise<unknown> = Promise.resolve()
  #lastId = 0

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /**
   * @throws MeshError ERR_DIRECT_PROTOCOL (the peer broke the rules), ERR_DIRECT_TIMEOUT, ERR_DIRECT_CLOSED;
   * ProtocolError; whatever opening a stream throws
   */
  ask(question: DirectQuestion): Promise<DirectResponse> {
    const answer = this.#last.then(() => this.#ask(question))
    this.#last = answer.catch(() => {})
    return answer
  }

  close(): void {
    this.#closed.abort(new MeshError('ERR_DIRECT_CLOSED', 'the connection to the peer is gone'))
    this.#drop()
  }

  async #ask(question: DirectQuestion): Promise<DirectResponse> {
    this.#lastId += 1
    const id = this.#lastId
    const error = () =>
      new MeshError('ERR_DIRECT_TIMEOUT', `the peer took longer than ${ANSWER_TIMEOUT_MS} ms to answer`)
    const limit = { ms: ANSWER_TIMEOUT_MS, error, signal: this.#closed.signal }
    try {
      return await withTimeLimit(limit, async (signal) => {
        const frames = await this.#frames(signal)
        await frames.write(encodeDirectRequest({ ...question, id } as DirectRequest), signal)
        const bytes = await frames.read(signal)
        if (bytes === undefined) throw new MeshError('ERR_DIRECT_CLOSED', 'the peer closed the stream')
        const response = decodeDirectResponse(bytes)
        if (response.id !== id) throw new MeshError('ERR_DIRECT_PROTOCOL', 'an answer to another question')
        return response
      })
    } catch (error) {
      // The stream is in an unknown state: the next question opens another.
      this.#drop()
      throw error
    }
  }

  async #frames(signal: AbortSignal): Promise<SyncFrames> {
    if (this.#open !== undefined && this.#open.stream.status === 'open') return this.#open.frames
    const stream = await this.#connection.newStream(DIRECT_PROTOCOL, { signal })
    if (signal.aborted) stream.abort(new Error('not needed any more'))
    signal.throwIfAborted()
    const limits = {
      maxFrameBytes: MAX_DIRECT_FRAME_BYTES,
      maxBufferBytes: 2 * MAX_DIRECT_FRAME_BYTES,
    }
    this.#open = { stream, frames: syncFrames(stream, limits) }
    return this.#open.frames
  }

  #drop(): void {
    this.#open?.stream.abort(new Error('direct stream dropped'))
    this.#open = undefined
  }
}
