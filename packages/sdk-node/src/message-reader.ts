import { decodePastelId, type PastelId } from '@pastel-mesh/identity'
import { inboxChannel, type MessageContent, parseChannel, topicChannel } from '@pastel-mesh/protocol'
import {
  carriedType,
  formatCursor,
  type MessageStore,
  parseCursor,
  type ReadOptions,
  type StoredBatch,
  type StoredEntry,
} from '@pastel-mesh/storage'
import { markOf } from './carried/carried-mark.ts'
import { mergeEntries } from './carried/merge-entries.ts'
import type { FollowMessagesOptions } from './follow-messages.ts'
import { pastelIdOf } from './pastel-id-of.ts'
import type { ReadMessagesOptions } from './read-options.ts'
import {
  type CursorNotice,
  isExpired,
  type ReceivedEntry,
  toLostNotice,
  toReceivedMessage,
  toUnreadable,
} from './received-message.ts'

/** Where reading begins, and what the reader must be told first. */
interface Beginning {
  readonly position: number
  readonly notice?: CursorNotice
}

/** What of an entry is given. */
interface Wanted {
  /** Only messages of this type. */
  readonly type?: string | undefined
  /** Also what is lost, whose type nobody knows. @default if no type is asked for */
  readonly withLost?: boolean
  /** Only what this one sent. */
  readonly sender?: PastelId | undefined
  /** Only what is to this one. */
  readonly recipient?: PastelId | undefined
  /** What has expired and is given all the same: whoever sent it wants to know. @default 'none' */
  readonly expired?: 'none' | 'in-time' | 'all'
}

/** Whether readers are not shown a message of a batch, because they have the same one already. */
export type IsDouble = (entry: StoredBatch, index: number, message: MessageContent) => boolean

/** Reads the arrival order as messages. */
export class MessageReader {
  readonly #store: MessageStore
  /** Whose store it is. */
  readonly #own: Uint8Array | undefined
  readonly #name: PastelId | undefined
  readonly #inbox: string | undefined
  readonly #isDouble: IsDouble

  constructor(components: {
    store: MessageStore
    /** Name of this node's inbox channel. @default it has none */
    inbox?: string
    /** Whether readers have a message of the inbox already. @default no */
    isDouble?: IsDouble
  }) {
    const { store, inbox } = components
    this.#isDouble = components.isDouble ?? (() => false)
    this.#store = store
    this.#inbox = inbox
    const channel = inbox === undefined ? undefined : parseChannel(inbox)
    this.#name = channel?.kind === 'inbox' ? channel.recipient : undefined
    this.#own = this.#name === undefined ? undefined : decodePastelId(this.#name)
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
    // What was carried stands in this node's own log, whoever sent it.
    const mayBeCarried = channel === undefined || channel === this.#inbox
    const wanted = {
      type,
      sender,
      recipient: channel === this.#inbox ? this.#name : undefined,
      withLost: true,
    }
    for await (const entry of this.#store.follow({
      from,
      ...(channel === undefined ? {} : { channel }),
      ...(sender === undefined || mayBeCarried ? {} : { sender: decodePastelId(sender) }),
      ...(signal === undefined ? {} : { signal }),
    })) {
      if (entry.kind === 'removed') {
        yield { kind: 'pruned', cursor: formatCursor(await this.#store.cursorAt(entry.position)) }
        continue
      }
      for (const one of this.#within(entry, from, Number.POSITIVE_INFINITY, wanted)) {
        signal?.throwIfAborted()
        yield one
      }
    }
  }

  /** What is stored now. */
  async *read(options: ReadMessagesOptions): AsyncGenerator<ReceivedEntry> {
    const { type, direct, recipient, withExpired = false, reverse = false, limit, signal } = options
    const isSent = direct === 'sent' || recipient !== undefined
    const begin = options.from === undefined ? undefined : await this.#begin(options.from, reverse)
    const { from, to } = await this.#range(options, begin?.position)
    if (begin?.notice !== undefined) yield begin.notice
    if (limit !== undefined && limit <= 0) return
    let count = 0
    const entries = this.#entries(options, {
      from,
      to,
      reverse,
      ...(type === undefined ? {} : { type }),
      ...(limit === undefined ? {} : { wanted: limit }),
      ...(signal === undefined ? {} : { signal }),
    })
    const toOwn = direct === 'received' ? this.#name : undefined
    const about = {
      sender: options.sender ?? (isSent ? this.#name : undefined),
      recipient: recipient ?? toOwn,
    }
    for await (const entry of entries) {
      if (isSent && !isInbox(channelOf(entry))) continue
      const expired = isSent ? 'all' : withExpired ? 'in-time' : 'none'
      const within = this.#within(entry, from, to, { type, expired, ...about })
      for (const one of reverse ? [...within].reverse() : within) {
        signal?.throwIfAborted()
        yield one
        count += 1
        if (count === limit) return
      }
    }
  }

  /**
   * The entries that a query is about. Of a sender or a recipient also those of this node's own log to its inbox: what was
   * carried stands there.
   */
  #entries(options: ReadMessagesOptions, range: ReadOptions): AsyncGenerator<StoredEntry> {
    const about = this.#about(options)
    const entries = this.#store.read({ ...range, ...about })
    const { topic, sender, recipient, direct } = options
    const others = [sender, recipient].some((name) => name !== undefined && name !== this.#name)
    if (this.#own === undefined || this.#inbox === undefined || topic !== undefined || !others) return entries
    if (direct === 'sent' && sender !== undefined && sender !== this.#name) return entries
    const type = carriedTypeOf(sender === this.#name ? undefined : sender, recipient)
    const carried = this.#store.read({ ...range, type, channel: this.#inbox, sender: this.#own })
    return mergeEntries(entries, carried, range.reverse)
  }

  /** Which part of the order is read. */
  #about({ topic, direct, recipient, sender }: ReadMessagesOptions): Pick<ReadOptions, 'channel' | 'sender'> {
    const channel =
      topic !== undefined
        ? topicChannel(topic)
        : recipient !== undefined
          ? inboxChannel(recipient)
          : direct === 'received'
            ? this.#inbox
            : undefined
    const own = direct === 'sent' || recipient !== undefined ? this.#own : undefined
    const of = sender === undefined ? own : decodePastelId(sender)
    return { ...(channel === undefined ? {} : { channel }), ...(of === undefined ? {} : { sender: of }) }
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
  *#within(
    entry: StoredEntry,
    from: number,
    to: number,
    { type, sender, recipient, withLost = type === undefined, expired = 'none' }: Wanted,
  ): Generator<ReceivedEntry> {
    const { storeId } = this.#store
    if (entry.kind !== 'batch') {
      // Of what is kept for others nothing is said.
      const isOthers = isInbox(entry.channel) && this.#inbox !== undefined && entry.channel !== this.#inbox
      const isBy = sender === undefined || pastelIdOf(entry.sender) === sender
      if (withLost && !isOthers && isBy) yield toLostNotice(entry, storeId)
      return
    }
    const expiredBy = expired === 'in-time' ? entry.receivedAtMs : Date.now()
    if (expired !== 'all' && isExpired(entry, expiredBy)) return
    if (!entry.isReadable) {
      // What is kept for others is not this node's to read; what came to it and does not open is lost to it.
      const isBy = sender === undefined || pastelIdOf(entry.signed.batch.sender) === sender
      if (entry.signed.batch.channel === this.#inbox && withLost && isBy) yield toUnreadable(entry, storeId)
      return
    }
    const end = Math.min(entry.count, to - entry.position)
    for (let index = Math.max(0, from - entry.position); index < end; index += 1) {
      const message = entry.messages()[index] as MessageContent
      if ((type !== undefined && message.type !== type) || this.#isDouble(entry, index, message)) continue
      if (!isBetween(entry, message, sender, recipient)) continue
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

/** What is read of what was carried: from somebody else, or to somebody else. */
function carriedTypeOf(sender: PastelId | undefined, recipient: PastelId | undefined): string {
  return sender === undefined ? carriedType('to', recipient as PastelId) : carriedType('from', sender)
}

/** Whether a message is by somebody and to somebody, whichever way it went. */
function isBetween(
  { signed }: StoredBatch,
  message: MessageContent,
  sender: PastelId | undefined,
  recipient: PastelId | undefined,
): boolean {
  if (sender === undefined && recipient === undefined) return true
  const mark = markOf(signed.batch, message)
  if (sender !== undefined && (mark?.sender ?? pastelIdOf(signed.batch.sender)) !== sender) return false
  if (recipient === undefined) return true
  return mark === undefined ? signed.batch.channel === inboxChannel(recipient) : mark.recipient === recipient
}

function channelOf(entry: StoredEntry): string {
  return entry.kind === 'batch' ? entry.signed.batch.channel : entry.channel
}

function isInbox(channel: string): boolean {
  return channel.startsWith('inbox/')
}
