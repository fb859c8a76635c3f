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
import { formatCursor, type StoredBatch } from '@pastel-mesh/storage'
import { pastelIdOf } from './pastel-id-of.ts'

/** A message as this node stores it, verified. */
export interface ReceivedMessage {
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
}

/** One message of a stored batch. */
export function toReceivedMessage(stored: StoredBatch, index: number, storeId: Uint8Array): ReceivedMessage {
  const { batch, log } = stored.signed
  const content = stored.messages()[index] as MessageContent
  const arrival = stored.position + index
  return {
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
  }
}

/** Whether a batch's messages are not delivered any more. It is stored all the same: its log goes on behind it. */
export function isExpired({ signed }: StoredBatch, nowMs: number): boolean {
  const { expiresAtMs } = signed.batch
  return expiresAtMs !== 0 && expiresAtMs <= nowMs
}
