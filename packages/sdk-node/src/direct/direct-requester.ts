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

/** How long a peer is asked nothing after a failure, as with log sync; doubled with each in a row. */
const MIN_PAUSE_MS = 1_000
const MAX_PAUSE_MS = 5 * 60_000

export interface DirectRequesterOptions {
  /** Questions that may wait for their answers: a peer takes two of a stream. @default 2 */
  readonly maxQuestions?: number
  /** @default 30 seconds */
  readonly answerTimeoutMs?: number
}

export interface DirectRequesterComponents {
  readonly connection: Connection
  /** The peer broke the rules: its answer could not be read, or is to another question. */
  readonly onRefused: () => void
  /** The peer did not answer in time. */
  readonly onTimeout: () => void
}

interface Opened {
  readonly stream: Stream
  readonly frames: SyncFrames
  /** Settles when the question before is answered: answers come in the order of the questions. */
  last: Promise<unknown>
}

/**
 * Asks one peer, some questions at a time at most, over one stream that is opened when it is needed. A peer that answers
 * wrongly, or not in time, is left alone for a while.
 */
export class DirectRequester {
  readonly #components: DirectRequesterComponents
  readonly #timeoutMs: number
  readonly #closed = new AbortController()
  readonly #limiter: Limiter
  #open: Opened | undefined
  #opening: Promise<Opened> | undefined
  #lastId = 0
  /** Questions in a row that failed by the peer's fault. */
  #failures = 0
  #pausedUntilMs = 0

  constructor(options: DirectRequesterOptions, components: DirectRequesterComponents) {
    this.#components = components
    this.#timeoutMs = options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS
    this.#limiter = new Limiter(options.maxQuestions ?? MAX_QUESTIONS)
  }

  /**
   * @throws MeshError ERR_DIRECT_PROTOCOL (the peer broke the rules), ERR_DIRECT_TIMEOUT, ERR_DIRECT_LEFT_ALONE (it
   * did one of both just now), ERR_DIRECT_CLOSED; whatever opening a stream throws
   */
  ask(question: DirectQuestion): Promise<DirectResponse> {
    return this.#limiter.run(() => this.#ask(question))
  }

  close(): void {
    this.#closed.abort(new MeshError('ERR_DIRECT_CLOSED', 'the connection to the peer is gone'))
    this.#drop(this.#open)
  }

  async #ask(question: DirectQuestion): Promise<DirectResponse> {
    if (this.#pausedUntilMs > performance.now()) {
      throw new MeshError('ERR_DIRECT_LEFT_ALONE', 'the peer answered wrongly just now, or not at all')
    }
    const ms = this.#timeoutMs
    const error = () => new MeshError('ERR_DIRECT_TIMEOUT', `the peer took longer than ${ms} ms to answer`)
    const limit = { ms, error, signal: this.#closed.signal }
    let opened: Opened | undefined
    try {
      const response = await withTimeLimit(limit, async (signal) => {
        opened = await this.#connect(signal)
        return this.#exchange(opened, question, signal)
      })
      this.#failures = 0
      return response
    } catch (error) {
      // The stream is in an unknown state: the next question opens another.
      this.#drop(opened)
      this.#failed(error)
      throw error
    }
  }

  #failed(error: unknown): void {
    const { code } = error as { code?: unknown }
    if (code !== 'ERR_DIRECT_PROTOCOL' && code !== 'ERR_DIRECT_TIMEOUT') return
    // What had been asked behind it fails with it.
    if (this.#pausedUntilMs > performance.now()) return
    const pauseMs = Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS * 2 ** this.#failures)
    this.#failures += 1
    this.#pausedUntilMs = performance.now() + pauseMs
    if (code === 'ERR_DIRECT_TIMEOUT') this.#components.onTimeout()
    else this.#components.onRefused()
  }

  async #exchange(opened: Opened, question: DirectQuestion, signal: AbortSignal): Promise<DirectResponse> {
    const { frames, last } = opened
    this.#lastId += 1
    const id = this.#lastId
    const written = frames.write(encodeDirectRequest({ ...question, id } as DirectRequest), signal)
    const answer = Promise.all([last, written]).then(() => read(frames, signal))
    opened.last = answer
    // Whoever waits for it is told; who is behind it as well.
    answer.catch(() => {})
    const bytes = await answer
    if (bytes === undefined) throw new MeshError('ERR_DIRECT_CLOSED', 'the peer closed the stream')
    const response = decode(bytes)
    if (response.id !== id) throw wrongAnswer('it is to another question')
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
    const stream = await this.#components.connection.newStream(DIRECT_PROTOCOL, { signal })
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

async function read(frames: SyncFrames, signal: AbortSignal): Promise<Uint8Array | undefined> {
  try {
    return await frames.read(signal)
  } catch (cause) {
    signal.throwIfAborted()
    throw wrongAnswer((cause as Error).message, cause)
  }
}

function decode(bytes: Uint8Array): DirectResponse {
  try {
    return decodeDirectResponse(bytes)
  } catch (cause) {
    throw wrongAnswer((cause as Error).message, cause)
  }
}

function wrongAnswer(what: string, cause?: unknown): MeshError {
  return new MeshError('ERR_DIRECT_PROTOCOL', `the peer's answer is wrong: ${what}`, { cause })
}
