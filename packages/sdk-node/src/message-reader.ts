import { decodePastelId } from '@pastel-mesh/identity'
import { topicChannel } from '@pastel-mesh/protocol'
import { formatCursor, type MessageStore, parseCursor, type StoredEntry } from '@pastel-mesh/storage'
import type { FollowMessagesOptions } from './follow-messages.ts'
import type { ReadMessagesOptions } from './index.ts'
import {
  type CursorNotice,
  isExpired,
  type ReceivedEntry,
  toLostNotice,
  toReceivedMessage,
} from './received-message.ts'

/** Where reading begins, and what the reader must be told first. */
interface Beginning {
  readonly position: number
  readonly notice?: CursorNotice
}

/** Reads the arrival order as messages. */
export class MessageReader {
  readonly #store: MessageStore

  constructor(components: { store: MessageStore }) {
    this.#store = components.store
  }

  /** Stored entries of a channel, or of all, from a place on, then those that come. */
  follow(channel: string | undefined, options: FollowMessagesOptions): AsyncGenerator<ReceivedEntry> {
    // Found now, not at the first read: what comes between the two belongs to the caller.
    const begin = this.#begin(options.from ?? 'now')
    begin.catch(() => {})
    return this.#followFrom(begin, channel, options)
  }

  async *#followFrom(
    begin: Promise<Beginning>,
    channel: string | undefined,
    { sender, type, signal }: FollowMessagesOptions,
  ): AsyncGenerator<ReceivedEntry> {
    const { position: from, notice } = await begin
    if (notice !== undefined) yield notice
    for await (const entry of this.#store.follow({
      from,
      ...(channel === undefined ? {} : { channel }),
      ...(sender === undefined ? {} : { sender: decodePastelId(sender) }),
      ...(signal === undefined ? {} : { signal }),
    })) {
      if (entry.kind === 'removed') {
        yield { kind: 'pruned', cursor: formatCursor(await this.#store.cursorAt(entry.position)) }
        continue
      }
      for (const one of this.#within(entry, from, Number.POSITIVE_INFINITY, type)) {
        signal?.throwIfAborted()
        yield one
      }
    }
  }

  /** What is stored now. */
  async *read(options: ReadMessagesOptions): AsyncGenerator<ReceivedEntry> {
    const { topic, sender, type, reverse = false, limit, signal } = options
    const begin = options.from === undefined ? undefined : await this.#begin(options.from, reverse)
    const { from, to } = await this.#range(options, begin?.position)
    if (begin?.notice !== undefined) yield begin.notice
    if (limit !== undefined && limit <= 0) return
    let count = 0
    const entries = this.#store.read({
      from,
      to,
      reverse,
      ...(topic === undefined ? {} : { channel: topicChannel(topic) }),
      ...(sender === undefined ? {} : { sender: decodePastelId(sender) }),
      ...(type === undefined ? {} : { type }),
      ...(limit === undefined ? {} : { wanted: limit }),
      ...(signal === undefined ? {} : { signal }),
    })
    for await (const entry of entries) {
      const within = this.#within(entry, from, to, type)
      for (const one of reverse ? [...within].reverse() : within) {
        signal?.throwIfAborted()
        yield one
        count += 1
        if (count === limit) return
      }
    }
  }

  /** Positions to read: from the place where reading begins, as far as the times allow. */
  async #range(
    { reverse = false, sinceMs, untilMs }: ReadMessagesOptions,
    place: number | undefined,
  ): Promise<{ from: number; to: number }> {
    const [since, until] = await Promise.all([
      sinceMs === undefined ? 0 : this.#store.positionAt(sinceMs),
      untilMs === undefined ? this.#store.end : this.#store.positionAt(untilMs),
    ])
    if (reverse) return { from: since, to: Math.min(place ?? until, until) }
    return { from: Math.max(place ?? since, since), to: until }
  }

  /** What an entry holds between two positions of the order. */
  *#within(entry: StoredEntry, from: number, to: number, type?: string): Generator<ReceivedEntry> {
    const { storeId } = this.#store
    if (entry.kind !== 'batch') {
      // Nobody knows the types of what is lost.
      if (type === undefined) yield toLostNotice(entry, storeId)
      return
    }
    if (isExpired(entry, Date.now())) return
    const end = Math.min(entry.count, to - entry.position)
    for (let index = Math.max(0, from - entry.position); index < end; index += 1) {
      if (type !== undefined && entry.messages()[index]?.type !== type) continue
      yield toReceivedMessage(entry, index, storeId)
    }
  }

  /** @param reverse where a cursor that is not of this order is read from: the end that the direction begins at */
  async #begin(from: string, reverse = false): Promise<Beginning> {
    if (from === 'start') return { position: 0 }
    if (from === 'now') return { position: this.#store.end }
    const cursor = parseCursor(from)
    const state = await this.#store.checkCursor(cursor)
    if (state === 'ok') return { position: cursor.position }
    if (state === 'pruned') {
      return { position: cursor.position, notice: { kind: 'pruned', cursor: from } }
    }
    const position = reverse ? this.#store.end : 0
    const start = formatCursor(await this.#store.cursorAt(position))
    return { position, notice: { kind: 'foreign-cursor', cursor: start } }
  }
}
