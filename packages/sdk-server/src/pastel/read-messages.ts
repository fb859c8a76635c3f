import {
  fromMessageType,
  type SupernodeDirectory,
  toMessageType,
  USER_MESSAGE_TYPE,
} from '@pastel-mesh/pasteld'
import type { MeshNode, ReceivedMessage } from '@pastel-mesh/sdk-node'
import { MAX_PAGE_BYTES } from '../service/page.ts'
import { toTableMessage } from './pastel-message.ts'

export interface MessagesQuery {
  readonly last_k_minutes: number
  readonly message_type: string
  readonly limit: number
}

const ALL = 'all'
const MINUTE_MS = 60_000

/** Direct messages to and from this node in the last minutes, the newest first; those of users are theirs alone. */
export async function readMessages(
  { last_k_minutes, message_type, limit }: MessagesQuery,
  { node, directory, signal }: { node: MeshNode; directory: SupernodeDirectory; signal: AbortSignal },
) {
  const sinceMs = Math.max(0, Date.now() - last_k_minutes * MINUTE_MS)
  const isWanted = (message: ReceivedMessage) =>
    message.type !== USER_MESSAGE_TYPE && (message_type === ALL || toMessageType(message) === message_type)
  const newest = async (direct: 'received' | 'sent') => {
    const found: ReceivedMessage[] = []
    let sizeBytes = 0
    const options = { direct, withExpired: true, sinceMs, reverse: true, signal } as const
    const type = message_type === ALL ? {} : { type: fromMessageType(message_type).type }
    for await (const entry of node.messages({ ...options, ...type })) {
      if (entry.kind !== 'message' || !isWanted(entry)) continue
      found.push(entry)
      sizeBytes += entry.body.length
      if (found.length >= limit || sizeBytes >= MAX_PAGE_BYTES) break
    }
    return found
  }
  const [received, sent] = await Promise.all([newest('received'), newest('sent')])
  // What the node sent itself is in both.
  const all = new Map([...received, ...sent].map((message) => [message.id, message]))
  return [...all.values()]
    .sort((a, b) => b.arrival - a.arrival)
    .slice(0, limit)
    .map((message) => toTableMessage(message, { own: node.pastelId, directory }))
}
