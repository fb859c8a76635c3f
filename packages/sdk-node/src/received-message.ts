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
import { pastelIdOf } from './pastel-id-of.ts'

/** What a reader of the arrival order gets: messages, and what it must know of those that it does not get. */
export type ReceivedEntry = ReceivedMessage | LostNotice | CursorNotice

/** A message as this node stores it, verified. */
export interface ReceivedMessage {
  readonly kind: 'message'
  readonly id: MessageId
  readonly sender: PastelId
  readonly channel: Channel
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
  readonly reason: LostReason
  /** Its position in this node's arrival order. */
  readonly arrival: number
  /** The place behind it, as of a message. */
  readonly cursor: string
  readonly receivedAtMs: number
}

/**
 * The cursor that was given is not of this store, and reading begins at the start, or backwards at the end; or
 * entries behind it have been removed by retention, and reading goes on with what is left.
 */
export type CursorNotice =
  | { readonly kind: 'foreign-cursor' /** Where reading goes on. */; readonly cursor: string }
  | { readonly kind: 'pruned' /** Where reading goes on. */; readonly cursor: string }

/** One message of a stored batch. */
export function toReceivedMessage(stored: StoredBatch, index: number, storeId: Uint8Array): ReceivedMessage {
  const { batch, log } = stored.signed
  const content = stored.messages()[index] as MessageContent
  const arrival = stored.position + index
  return {
    kind: 'message',
    id: messageId(log, batch.first + index),
    sender: pastelIdOf(batch.sender),
    channel: parseChannel(batch.channel),
    log,
    position: batch.first + index,
    arrival,
    get cursor() {
      return formatCursor({ store: storeId, position: arrival + 1, hash: stored.runningHash })
    },
    ...content,
    receivedAtMs: stored.receivedAtMs,
    ...(batch.expiresAtMs === 0 ? {} : { expiresAtMs: batch.expiresAtMs }),
    ...(stored.lostAt === undefined ? {} : { lostAt: stored.lostAt }),
  }
}

export function toLostNotice(notice: StoredNotice, storeId: Uint8Array): LostNotice {
  const { kind, log, first, last, reason, position, receivedAtMs, runningHash } = notice
  return {
    kind,
    sender: pastelIdOf(notice.sender),
    channel: parseChannel(notice.channel),
    log,
    first,
    last,
    reason,
    arrival: position,
    get cursor() {
      return formatCursor({ store: storeId, position: position + 1, hash: runningHash })
    },
    receivedAtMs,
  }
}

/** Whether a batch's messages are not delivered any more. It is stored all the same: its log goes on behind it. */
export function isExpired({ signed }: StoredBatch, nowMs: number): boolean {
  const { expiresAtMs } = signed.batch
  return expiresAtMs !== 0 && expiresAtMs <= nowMs
}
