import type { MeshNode, ReceivedEntry, Topic } from '@pastel-mesh/sdk-node'

/**
 * Where messages come from: a topic, by its name or its declaration, or this node's inbox. As an object also a topic that
 * is named `inbox`.
 */
export type MessageSource = 'inbox' | (string & {}) | { readonly topic: string } | Topic<never, unknown>

type SourceNode = Pick<MeshNode, 'subscribe' | 'inbox' | 'messages'>

/** The name of a source: `inbox`, or `topic/<name>`. */
export function sourceName(source: MessageSource): string {
  if (source === 'inbox') return source
  if (typeof source === 'string') return `topic/${source}`
  return `topic/${'topic' in source ? source.topic : source.name}`
}

/** What a source gives from a cursor on, without end. */
export function follow(
  name: string,
  node: SourceNode,
  { from, signal }: { readonly from: string; readonly signal: AbortSignal },
): AsyncGenerator<ReceivedEntry> {
  if (name === 'inbox') return node.inbox({ cursor: from, signal })
  return node.subscribe(name.slice('topic/'.length), { from, signal })
}

/** What a source has now, from a cursor on. */
export function stored(
  name: string,
  node: SourceNode,
  { from, limit }: { readonly from: string; readonly limit: number },
): AsyncGenerator<ReceivedEntry> {
  const about = name === 'inbox' ? { direct: 'received' as const } : { topic: name.slice('topic/'.length) }
  return node.messages({ ...about, limit, ...(from === 'start' ? {} : { from }) })
}
