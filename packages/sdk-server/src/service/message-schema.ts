import type { PastelId } from '@pastel-mesh/identity'
import type { MessageInput } from '@pastel-mesh/protocol'
import { jsonOf, textOf } from '@pastel-mesh/protocol'
import type { CursorNotice, LostNotice, ReceivedEntry, ReceivedMessage } from '@pastel-mesh/sdk-node'
import { z } from 'zod'
import { dropUndefined } from '../drop-undefined.ts'
import { isPlainJson } from '../plain-json.ts'

const common = {
  type: z.string().optional(),
  replyTo: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  expiresAtMs: z.number().int().positive().optional(),
}

const json = z.unknown().refine(isPlainJson, { abort: true })

/** A message to publish: exactly one of text, json and base64. */
export const messageInput = z.union(
  [
    z.strictObject({ ...common, text: z.string() }),
    z.strictObject({ ...common, json }),
    z.strictObject({ ...common, base64: z.base64() }),
  ],
  {
    error:
      'a message has exactly one of text, json (plain, not too deep) and base64, and optionally type, replyTo, headers (texts) and expiresAtMs',
  },
)

export function toMessageInput(input: z.infer<typeof messageInput>): MessageInput {
  if (!('base64' in input)) return dropUndefined(input) as MessageInput
  const { base64, ...options } = input
  return dropUndefined({ ...options, bytes: Buffer.from(base64, 'base64') }) as MessageInput
}

/**
 * A message as the API shows it; the body in the form that its content type asks for. Of a direct message, what it is
 * for this node.
 */
export function toMessageOutput(message: ReceivedMessage, own: PastelId) {
  const { id, sender, position, arrival, cursor, type, createdAtMs, receivedAtMs } = message
  const { replyTo, headers, channel, via } = message
  return {
    id,
    sender,
    ...placeOf(channel, own),
    position,
    arrival,
    cursor,
    type,
    createdAtMs,
    receivedAtMs,
    ...(via === undefined ? {} : { via }),
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(message.expiresAtMs === undefined ? {} : { expiresAtMs: message.expiresAtMs }),
    ...(message.lostAt === undefined ? {} : { isLate: true }),
    // A copy: superjson writes down every object that it meets twice, and messages without headers share one.
    headers: { ...headers },
    ...bodyOf(message),
  }
}

/** Where a message went: to a topic, or as a direct message to this node or from it. */
interface Place {
  readonly topic?: string
  readonly direct?: 'received' | 'sent'
  readonly recipient?: PastelId
}

function placeOf(channel: ReceivedMessage['channel'], own: PastelId): Place {
  if (channel.kind === 'topic') return { topic: channel.topic }
  const { recipient } = channel
  return { direct: recipient === own ? 'received' : 'sent', recipient }
}

/** What a page says of messages that are not there: given up, older than what is wanted, or removed. */
export function toNoticeOutput(notice: LostNotice | CursorNotice) {
  if (notice.kind === 'foreign-cursor' || notice.kind === 'pruned') {
    return { kind: notice.kind, cursor: notice.cursor }
  }
  const { kind, sender, channel, log, first, last, reason, arrival, cursor, receivedAtMs } = notice
  const topic = channel.kind === 'topic' ? { topic: channel.topic } : {}
  return { kind, sender, ...topic, log, first, last, reason, arrival, cursor, receivedAtMs }
}

export type NoticeOutput = ReturnType<typeof toNoticeOutput>
export type MessageOutput = ReturnType<typeof toMessageOutput>
/** What stands in the arrival order: messages have no `kind`. */
export type EntryOutput = MessageOutput | NoticeOutput

export function toEntryOutput(entry: ReceivedEntry, own: PastelId): EntryOutput {
  return entry.kind === 'message' ? toMessageOutput(entry, own) : toNoticeOutput(entry)
}

/**
 * The sender may have claimed a content type that the bytes are not, or JSON that cannot be handed on as a value:
 * then they are shown as text, or, if they are not even that, as bytes.
 */
function bodyOf(message: ReceivedMessage): { text: string } | { json: unknown } | { base64: string } {
  if (message.contentType === 'json') {
    const value = attempt(() => jsonOf(message))
    if (value !== undefined && isPlainJson(value)) return { json: value }
  }
  const text = message.contentType === 'bytes' ? undefined : attempt(() => textOf(message))
  return text === undefined ? { base64: Buffer.from(message.body).toString('base64') } : { text }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
