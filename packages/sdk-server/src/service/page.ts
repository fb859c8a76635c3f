import type { PastelId } from '@pastel-mesh/identity'
import { formatCursor } from '@pastel-mesh/storage'
import type { Context } from '../trpc.ts'
import { type MessageOutput, type NoticeOutput, toMessageOutput, toNoticeOutput } from './message-schema.ts'

/** Messages of one page. */
export const MAX_PAGE_MESSAGES = 1_000
/** Bytes of bodies after which a page ends: a page of the largest messages would have 256 MB. */
export const MAX_PAGE_BYTES = 4 * 1024 * 1024

export interface PageRequest {
  readonly topic?: string | undefined
  /** Only direct messages: what came to this node's inbox, or what it sent. */
  readonly direct?: 'received' | 'sent' | undefined
  /** What has expired, too, if it came before. */
  readonly withExpired?: boolean | undefined
  /** Only direct messages of this node to this member. */
  readonly recipient?: PastelId | undefined
  readonly sender?: PastelId | undefined
  readonly type?: string | undefined
  /** When this node took it in, in ms since 1970: then or later. */
  readonly since?: number | undefined
  /** Before. */
  readonly until?: number | undefined
  /** A cursor. */
  readonly from?: string | undefined
  readonly oldestFirst: boolean
  readonly limit: number
}

export interface Page {
  readonly messages: MessageOutput[]
  /** What is not there, and would have stood between the messages. */
  readonly notices: NoticeOutput[]
  /** Where the next page begins, in the same direction; absent: this one is the last. */
  readonly next?: string | undefined
}

/** @throws StorageError ERR_CURSOR; ProtocolError ERR_TOPIC_NAME */
export async function readPage(request: PageRequest, { node, store }: Context): Promise<Page> {
  const { topic, direct, withExpired, recipient, sender, type, since, until, from, oldestFirst, limit } =
    request
  const messages: MessageOutput[] = []
  const notices: NoticeOutput[] = []
  let count = 0
  let sizeBytes = 0
  /** Cursor behind the last entry of a page that is full, in the direction of reading. */
  let end: string | undefined
  const stored = node.messages({
    reverse: !oldestFirst,
    // One more tells whether there is a next page.
    limit: limit + 1,
    ...(topic === undefined ? {} : { topic }),
    ...(direct === undefined ? {} : { direct }),
    ...(withExpired === undefined ? {} : { withExpired }),
    ...(recipient === undefined ? {} : { recipient }),
    ...(sender === undefined ? {} : { sender }),
    ...(type === undefined ? {} : { type }),
    ...(since === undefined ? {} : { sinceMs: since }),
    ...(until === undefined ? {} : { untilMs: until }),
    ...(from === undefined ? {} : { from }),
  })
  for await (const entry of stored) {
    // About the cursor and not in its place: the page that has it has as much else as any.
    if (entry.kind === 'foreign-cursor' || entry.kind === 'pruned') {
      notices.push(toNoticeOutput(entry))
      continue
    }
    if (end !== undefined) return { messages, notices, next: end }
    count += 1
    if (entry.kind === 'message') {
      messages.push(toMessageOutput(entry, node.pastelId))
      sizeBytes += entry.body.length
    } else {
      notices.push(toNoticeOutput(entry))
    }
    if (count >= limit || sizeBytes >= MAX_PAGE_BYTES) {
      end = oldestFirst ? entry.cursor : formatCursor(await store.cursorAt(entry.arrival))
    }
  }
  return { messages, notices }
}
