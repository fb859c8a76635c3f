import { MAX_BATCH_MESSAGES, MAX_PAYLOAD_BYTES, type MessageInput } from '@pastel-mesh/protocol'
import { abortable } from '../inbound/abortable.ts'
import { type Accepted, type PreparedMessage, Sequence } from './pending.ts'

export type MessageSource = Iterable<MessageInput> | AsyncIterable<MessageInput>

export interface Publisher {
  /** Checks a message. @throws MeshError ERR_MESSAGE */
  prepare(input: MessageInput): PreparedMessage
  /** Resolves when the messages are on disk. */
  accept(chunk: readonly PreparedMessage[], sequence: Sequence): Promise<Accepted[]>
}

/** Chunks accepted at a time: enough that signing and writing never wait for the caller. */
const MAX_CHUNKS = 6

/** Publishes messages chunk by chunk, in order, no faster than they are stored. */
export function publishInOrder(
  messages: MessageSource,
  publisher: Publisher,
  signal?: AbortSignal,
): Promise<Accepted[]> {
  return new OrderedPublication(publisher, signal).run(messages)
}

/**
 * ```
 *   pulling ── the chunk is full ──▶ waiting for room ── a chunk is on disk ──▶ pulling
 *      │  ▲                                  │
 *      │  └── the source has nothing now: what was pulled is sent, as soon as there is room
 *      └── end, a bad message, the signal, or a chunk that was refused ──▶ done
 * ```
 */
class OrderedPublication {
  readonly #publisher: Publisher
  readonly #signal: AbortSignal | undefined
  readonly #sequence = new Sequence()
  readonly #sent: Accepted[][] = []
  #chunk: PreparedMessage[] = []
  #chunkBytes = 0
  readonly #inFlight = new Set<Promise<void>>()
  /** Nothing lingers: what was pulled goes when the source has nothing more at the moment. */
  #flush: NodeJS.Immediate | undefined
  #isFlushDue = false
  #interrupt: ((reason: unknown) => void) | undefined

  constructor(publisher: Publisher, signal: AbortSignal | undefined) {
    this.#publisher = publisher
    this.#signal = signal
  }

  async run(messages: MessageSource): Promise<Accepted[]> {
    const abort = () => this.#interrupt?.(this.#signal?.reason)
    this.#signal?.addEventListener('abort', abort, { once: true })
    let failure: { error: unknown } | undefined
    try {
      await this.#pull(messages)
    } catch (error) {
      failure = { error }
    } finally {
      this.#signal?.removeEventListener('abort', abort)
      clearImmediate(this.#flush)
    }
    if (this.#signal?.aborted === true) throw this.#signal.reason
    // Before a bad message all are good.
    if (this.#chunk.length > 0 && !this.#sequence.isBroken) this.#send()
    await abortable(Promise.all(this.#inFlight), this.#signal)
    if (this.#sequence.isBroken) throw this.#sequence.error
    if (failure !== undefined) throw failure.error
    return this.#sent.flat()
  }

  async #pull(messages: MessageSource): Promise<void> {
    const isAsync = Symbol.asyncIterator in messages
    const iterator = isAsync ? messages[Symbol.asyncIterator]() : messages[Symbol.iterator]()
    let isDone = false
    try {
      for (;;) {
        this.#signal?.throwIfAborted()
        const next = await (isAsync ? this.#next(iterator as AsyncIterator<MessageInput>) : iterator.next())
        isDone = next.done === true
        if (next.done === true) return
        const message = this.#publisher.prepare(next.value)
        this.#chunk.push(message)
        this.#chunkBytes += message.sizeBytes
        if (this.#chunk.length < MAX_BATCH_MESSAGES && this.#chunkBytes < MAX_PAYLOAD_BYTES) continue
        while (this.#inFlight.size >= MAX_CHUNKS) await this.#interruptible(Promise.race(this.#inFlight))
        if (this.#sequence.isBroken) return
        this.#send()
      }
    } finally {
      // A source that waits for something ends when it comes to it: nobody waits for that here.
      if (!isDone) void endOf(iterator)
    }
  }

  #next(iterator: AsyncIterator<MessageInput>): Promise<IteratorResult<MessageInput>> {
    if (this.#chunk.length > 0) this.#flush ??= setImmediate(() => this.#flushNow())
    return this.#interruptible(iterator.next())
  }

  #flushNow(): void {
    this.#flush = undefined
    this.#isFlushDue = this.#inFlight.size >= MAX_CHUNKS
    if (!this.#isFlushDue && this.#chunk.length > 0) this.#send()
  }

  #send(): void {
    const chunk = this.#chunk
    this.#chunk = []
    this.#chunkBytes = 0
    this.#isFlushDue = false
    const index = this.#sent.push([]) - 1
    const sending = this.#publisher.accept(chunk, this.#sequence).then(
      (accepted) => {
        this.#sent[index] = accepted
      },
      (error) => {
        this.#sequence.break(error)
        this.#interrupt?.(error)
      },
    )
    const sent = sending.then(() => {
      this.#inFlight.delete(sent)
      if (this.#isFlushDue && !this.#sequence.isBroken) this.#flushNow()
    })
    this.#inFlight.add(sent)
  }

  /** What a promise gives, unless the signal or a chunk that is refused comes first. */
  async #interruptible<T>(promise: Promise<T>): Promise<T> {
    const { promise: interrupted, reject } = Promise.withResolvers<never>()
    this.#interrupt = reject
    try {
      return await Promise.race([promise, interrupted])
    } finally {
      this.#interrupt = undefined
    }
  }
}

async function endOf(iterator: Iterator<MessageInput> | AsyncIterator<MessageInput>): Promise<void> {
  try {
    await iterator.return?.()
  } catch {
    // Whoever stops reading does not care how the source ends.
  }
}
