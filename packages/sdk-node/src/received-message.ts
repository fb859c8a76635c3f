import type { PastelId } from '@pastel-mesh/identity'
import {
  type Channel,
  type ContentType,
  type LogId,
  type MessageContent,
  type MessageId,
  messageId,
  parseChannel,
} from '@pastel-mesh/protocol'
import { formatCursor, type LostReason, type StoredBatch, type StoredNotice } from '@pastel-mesh/storage'
import { markOf, withoutMark } from './carried/carried-mark.ts'
import { pastelIdOf } from './pastel-id-of.ts'

/** What a reader of the arrival order gets: messages, and what it must know of those that it does not get. */
export type ReceivedEntry = ReceivedMessage | LostNotice | CursorNotice

/** A message as this node stores it, verified. */
export interface ReceivedMessage {
  readonly kind: 'message'
  readonly id: MessageId
  readonly sender: PastelId
  readonly channel: Channel
  /**
   * The way other than the mesh by which it came, or went, such as `pasteld`: then its batch is this node's own word for
   * it, and `log` and `position` are of the log to the node's own inbox.
   */
  readonly via?: string
  readonly log: LogId
  /** Its position in the sender's log. */
  readonly position: number
  /** Its position in this node's arrival order. */
  readonly arrival: number
  /**
   * The place behind this message in this node's arrival order, and of no other node: given as `from`, reading
   * goes on with the next message, or backwards begins with this one. The place before it is the store's
   * `cursorAt(arrival)`.
   */
  readonly cursor: string
  readonly type: string
  readonly contentType: ContentType
  /** See `textOf` and `jsonOf`. */
  readonly body: Uint8Array
  /** When the sender accepted it, in ms since 1970, by the sender's clock. */
  readonly createdAtMs: number
  /** When this node took it in, in ms since 1970. */
  readonly receivedAtMs: number
  /** When it loses its worth, in ms since 1970; absent: never. */
  readonly expiresAtMs?: number
  readonly replyTo?: string
  readonly headers: Readonly<Record<string, string>>
  /** It had been given up: position in the arrival order of the `lost` entry that said so. */
  readonly lostAt?: number
}

/**
 * Messages of a log that are not here: `lost` for good as far as this node knows, or older than the history that
 * it wants. Should they turn up after all, they come later, with `lostAt` naming this entry.
 */
export interface LostNotice {
  readonly kind: 'lost' | 'before-history'
  readonly sender: PastelId
  readonly channel: Channel
  readonly log: LogId
  /** Positions in the sender's log, both included. */
  readonly first: number
  readonly last: number
  readonly reason: LostReason | 'unreadable'
  /** Its position in this node's arrival order. */
  readonly arrival: number
  /** The place behind it, as of a message. */
  readonly cursor: string
  readonly receivedAtMs: number
}

/**
 * The cursor that was given is not of this store, and reading begins at the start, or backwards at the end; or
 * retention has removed entries behind it, maybe of what is read, and reading goes on with what is left.
 */
export type CursorNotice =
  | { readonly kind: 'foreign-cursor' /** Where reading goes on. */; readonly cursor: string }
  | { readonly kind: 'pruned' /** Where reading goes on. */; readonly cursor: string }

/**
 * Entries as classes, so that all share a shape and make their cursor only for who asks: an object literal with a
 * getter gets a shape of its own, which holds on to the whole batch until the next full garbage collection.
 */
class Entry {
  readonly sender: PastelId
  readonly channel: Channel
  readonly log: LogId
  readonly arrival: number
  readonly receivedAtMs: number
  readonly #storeId: Uint8Array
  readonly #runningHash: Uint8Array

  constructor(
    entry: { readonly runningHash: Uint8Array; readonly receivedAtMs: number },
    about: { readonly sender: PastelId; readonly channel: Channel; readonly log: LogId },
    arrival: number,
    storeId: Uint8Array,
  ) {
    this.sender = about.sender
    this.channel = about.channel
    this.log = about.log
    this.arrival = arrival
    this.receivedAtMs = entry.receivedAtMs
    this.#storeId = storeId
    this.#runningHash = entry.runningHash
  }

  get cursor(): string {
    return formatCursor({ store: this.#storeId, position: this.arrival + 1, hash: this.#runningHash })
  }
}

class MessageEntry extends Entry implements ReceivedMessage {
  readonly kind = 'message'
  readonly id: MessageId
  readonly position: number
  readonly type: string
  readonly contentType: ContentType
  readonly body: Uint8Array
  readonly createdAtMs: number
  readonly headers: Readonly<Record<string, string>>
  declare readonly expiresAtMs?: number
  declare readonly replyTo?: string
  declare readonly lostAt?: number
  declare readonly via?: string

  constructor(stored: StoredBatch, index: number, storeId: Uint8Array) {
    const { batch, log } = stored.signed
    const content = stored.messages()[index] as MessageContent
    const mark = markOf(batch, content)
    const about = {
      sender: mark?.sender ?? pastelIdOf(batch.sender),
      channel: mark === undefined ? parseChannel(batch.channel) : inboxOf(mark.recipient),
      log,
    }
    super(stored, about, stored.position + index, storeId)
    this.position = batch.first + index
    this.id = messageId(log, this.position)
    this.type = content.type
    this.contentType = content.contentType
    this.body = content.body
    this.createdAtMs = content.createdAtMs
    this.headers = withoutMark(content.headers)
    if (mark !== undefined) this.via = mark.via
    if (content.replyTo !== undefined) this.replyTo = content.replyTo
    if (batch.expiresAtMs !== 0) this.expiresAtMs = batch.expiresAtMs
    if (stored.lostAt !== undefined) this.lostAt = stored.lostAt
  }
}

class NoticeEntry extends Entry implements LostNotice {
  readonly kind: LostNotice['kind']
  readonly first: number
  readonly last: number
  readonly reason: LostNotice['reason']

  constructor(notice: Omit<StoredNotice, 'reason'> & Pick<LostNotice, 'reason'>, storeId: Uint8Array) {
    const { sender, channel, log, position } = notice
    super(notice, { sender: pastelIdOf(sender), channel: parseChannel(channel), log }, position, storeId)
    this.kind = notice.kind
    this.first = notice.first
    this.last = notice.last
    this.reason = notice.reason
  }
}

function inboxOf(recipient: PastelId): Channel {
  return { kind: 'inbox', recipient }
}

/** One message of a stored batch. */
export function toReceivedMessage(stored: StoredBatch, index: number, storeId: Uint8Array): ReceivedMessage {
  return new MessageEntry(stored, index, storeId)
}

export function toLostNotice(notice: StoredNotice, storeId: Uint8Array): LostNotice {
  return new NoticeEntry(notice, storeId)
}

/** A batch that came to this node's inbox and cannot be read: its log goes on without it. */
export function toUnreadable(stored: StoredBatch, storeId: Uint8Array): LostNotice {
  const { batch, log } = stored.signed
  const { sender, channel, first } = batch
  const { position, runningHash, receivedAtMs } = stored
  const last = first + stored.count - 1
  const about = { kind: 'lost' as const, log, sender, channel, first, last, reason: 'unreadable' as const }
  return new NoticeEntry(
    { ...about, position: position + stored.count - 1, count: 1, runningHash, receivedAtMs },
    storeId,
  )
}

/** Whether a batch's messages are not delivered any more. It is stored all the same: its log goes on behind it. */
export function isExpired({ signed }: StoredBatch, nowMs: number): boolean {
  const { expiresAtMs } = signed.batch
  return expiresAtMs !== 0 && expiresAtMs <= nowMs
}
