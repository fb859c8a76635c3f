import { decodePastelId } from '@pastel-mesh/identity'
import { topicChannel } from '@pastel-mesh/protocol'
import { type MessageStore, parseCursor, StorageError } from '@pastel-mesh/storage'
import type { ReadMessagesOptions, SubscribeOptions } from './index.ts'
import { isExpired, type ReceivedMessage, toReceivedMessage } from './received-message.ts'

/** Reads the arrival order as messages. */
export class MessageReader {
  readonly #store: MessageStore

  constructor(components: { store: MessageStore }) {
    this.#store = components.store
  }

  /** Stored messages of a channel from a place on, then those that come. */
  follow(channel: string, options: SubscribeOptions): AsyncGenerator<ReceivedMessage> {
    // Found now, not at the first read: what comes between the two belongs to the caller.
    const begin = this.#begin(options.from ?? 'now')
    begin.catch(() => {})
    return this.#followFrom(begin, channel, options.signal)
  }

  async *#followFrom(
    begin: Promise<number>,
    channel: string,
    signal?: AbortSignal,
  ): AsyncGenerator<ReceivedMessage> {
    const from = await begin
    for await (const batch of this.#store.follow({
      channel,
      from,
      ...(signal === undefined ? {} : { signal }),
    })) {
      if (isExpired(batch, Date.now())) continue
      for (let index = Math.max(0, from - batch.position); index < batch.count; index += 1) {
        signal?.throwIfAborted()
        yield toReceivedMessage(batch, index, this.#store.storeId)
      }
    }
  }

  /** Messages that are stored now. */
  async *read(options: ReadMessagesOptions): AsyncGenerator<ReceivedMessage> {
    const { topic, sender, reverse = false, signal } = options
    const place = options.from === undefined ? undefined : await this.#begin(options.from)
    const from = reverse ? 0 : (place ?? 0)
    const to = reverse ? (place ?? this.#store.end) : this.#store.end
    const batches = this.#store.read({
      from,
      to,
      reverse,
      ...(topic === undefined ? {} : { channel: topicChannel(topic) }),
      ...(sender === undefined ? {} : { sender: decodePastelId(sender) }),
      ...(signal === undefined ? {} : { signal }),
    })
    for await (const batch of batches) {
      if (isExpired(batch, Date.now())) continue
      const first = Math.max(0, from - batch.position)
      const end = Math.min(batch.count, to - batch.position)
      for (let offset = first; offset < end; offset += 1) {
        signal?.throwIfAborted()
        const index = reverse ? end - 1 - (offset - first) : offset
        yield toReceivedMessage(batch, index, this.#store.storeId)
      }
    }
  }

  async #begin(from: string): Promise<number> {
    if (from === 'start') return 0
    if (from === 'now') return this.#store.end
    const cursor = parseCursor(from)
    if ((await this.#store.checkCursor(cursor)) === 'ok') return cursor.position
    throw new StorageError(
      'ERR_CURSOR_FOREIGN',
      'the cursor is not of this store, or of an older state of it: begin again from "start"',
    )
  }
}
