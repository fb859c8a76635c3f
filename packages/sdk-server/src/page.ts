import type { PastelId } from '@pastel-mesh/identity'
import { formatCursor } from '@pastel-mesh/storage'
import { type MessageOutput, toMessageOutput } from './message-schema.ts'
import type { Context } from './trpc.ts'

/** Messages of one page. */
export const MAX_PAGE_MESSAGES = 1_000
/** Bytes of bodies after which a page ends: a page of the largest messages would have 256 MB. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024

export interface PageRequest {
  readonly topic?: string | undefined
  readonly sender?: PastelId | undefined
  /** A cursor. */
  readonly from?: string | undefined
  readonly oldestFirst: boolean
  readonly limit: number
}

export interface Page {
  readonly messages: MessageOutput[]
  /** Where the next page begins, in the same direction; absent: this one is the last. */
  readonly next?: string | undefined
}

/** @throws StorageError ERR_CURSOR, ERR_CURSOR_FOREIGN; ProtocolError ERR_TOPIC_NAME */
export async function readPage(request: PageRequest, { node, store }: Context): Promise<Page> {
  const { topic, sender, from, oldestFirst, limit } = request
  const messages: MessageOutput[] = []
  let sizeBytes = 0
  /** Cursor behind the page's last message, in the direction of reading. */
  let end: string | undefined
  const stored = node.messages({
    reverse: !oldestFirst,
    ...(topic === undefined ? {} : { topic }),
    ...(sender === undefined ? {} : { sender }),
    ...(from === undefined ? {} : { from }),
  })
  for await (const message of stored) {
    if (messages.length === limit || sizeBytes >= MAX_PAGE_BYTES) return { messages, next: end }
    messages.push(toMessageOutput(message))
    sizeBytes += message.body.length
    if (messages.length === limit || sizeBytes >= MAX_PAGE_BYTES) {
      end = oldestFirst ? message.cursor : formatCursor(await store.cursorAt(message.arrival))
    }
  }
  return { messages }
}
