import type { Connection, Stream } from '@libp2p/interface'
import { MeshError } from '@pastel-mesh/identity'
import {
  type DirectRequest,
  type DirectResponse,
  decodeDirectResponse,
  encodeDirectRequest,
  MAX_DIRECT_FRAME_BYTES,
} from '@pastel-mesh/protocol'
import { Limiter } from '../inbound/limiter.ts'
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

/** Questions that are on their way at a time: while one is answered the next is there. */
const MAX_QUESTIONS = 2

interface Opened {
  readonly stream: Stream
  readonly frames: SyncFrames
  /** Settles when the question before is answered: answers come in the order of the questions. */
  last: Promise<unknown>
}

/** Asks one peer, some questions at a time at most, over one stream that is opened when it is needed. */
export class DirectRequester {
  readonly #connection: Connection
  readonly #closed = new AbortController()
  readonly #limiter: Limiter
  #open: Opened | undefined
  #opening: Promise<Opened> | undefined
  #lastId = 0

  /** @param maxQuestions that may wait for their answers: a peer takes two of a stream */
  constructor(connection: Connection, maxQuestions = MAX_QUESTIONS) {
    this.#connection = connection
    this.#limiter = new Limiter(maxQuestions)
  }

  /**
   * @throws MeshError ERR_DIRECT_PROTOCOL (the peer broke the rules), ERR_DIRECT_TIMEOUT, ERR_DIRECT_CLOSED;
   * ProtocolError; whatever opening a stream throws
   */
  ask(question: DirectQuestion): Promise<DirectResponse> {
    return this.#limiter.run(() => this.#ask(question))
  }

  close(): void {
    this.#closed.abort(new MeshError('ERR_DIRECT_CLOSED', 'the connection to the peer is gone'))
    this.#drop(this.#open)
  }

  async #ask(question: DirectQuestion): Promise<DirectResponse> {
    const error = () =>
      new MeshError('ERR_DIRECT_TIMEOUT', `the peer took longer than ${ANSWER_TIMEOUT_MS} ms to answer`)
    const limit = { ms: ANSWER_TIMEOUT_MS, error, signal: this.#closed.signal }
    let opened: Opened | undefined
    try {
      return await withTimeLimit(limit, async (signal) => {
        opened = await this.#connect(signal)
        return this.#exchange(opened, question, signal)
      })
    } catch (error) {
      // The stream is in an unknown state: the next question opens another.
      this.#drop(opened)
      throw error
    }
  }

  async #exchange(opened: Opened, question: DirectQuestion, signal: AbortSignal): Promise<DirectResponse> {
    const { frames, last } = opened
    this.#lastId += 1
    const id = this.#lastId
    const written = frames.write(encodeDirectRequest({ ...question, id } as DirectRequest), signal)
    const answer = Promise.all([last, written]).then(() => frames.read(signal))
    opened.last = answer
    // Whoever waits for it is told; who is behind it as well.
    answer.catch(() => {})
    const bytes = await answer
    if (bytes === undefined) throw new MeshError('ERR_DIRECT_CLOSED', 'the peer closed the stream')
    const response = decodeDirectResponse(bytes)
    if (response.id !== id) throw new MeshError('ERR_DIRECT_PROTOCOL', 'an answer to another question')
    return response
  }

  async #connect(signal: AbortSignal): Promise<Opened> {
    if (this.#open?.stream.status === 'open') return this.#open
    this.#opening ??= this.#openStream(signal).finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #openStream(signal: AbortSignal): Promise<Opened> {
    const stream = await this.#connection.newStream(DIRECT_PROTOCOL, { signal })
    if (signal.aborted) stream.abort(new Error('not needed any more'))
    signal.throwIfAborted()
    const limits = {
      maxFrameBytes: MAX_DIRECT_FRAME_BYTES,
      maxBufferBytes: 2 * MAX_DIRECT_FRAME_BYTES,
    }
    this.#open = { stream, frames: syncFrames(stream, limits), last: Promise.resolve() }
    return this.#open
  }

  #drop(opened: Opened | undefined): void {
    opened?.stream.abort(new Error('direct stream dropped'))
    if (this.#open === opened) this.#open = undefined
  }
}
