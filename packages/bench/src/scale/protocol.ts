import type { MemoryUse } from '../memory-use.ts'
import type { SocketBytes } from '../socket-bytes.ts'

/** How the processes carry messages. */
export type Kind = 'mesh' | 'strict-sign'

/** What one process used since it began. */
export interface Use {
  /** All threads. */
  readonly cpuMs: number
  readonly sockets: SocketBytes
  /** What was written on streams, by protocol: bytes. */
  readonly sent: Readonly<Record<string, number>>
  /** Connections that are open. */
  readonly peers: number
  /** Copies of messages that were here already. */
  readonly duplicates: number
  readonly verifications: number
}

/** What the parent tells a process. */
export type ToChild =
  | { readonly type: 'prepare'; readonly kind: Kind; readonly directory: string }
  /** Makes certificates of members that there are not, as if the node had heard of them before. */
  | { readonly type: 'fill-book'; readonly directory: string; readonly count: number }
  | { readonly type: 'start'; readonly bootstrap: readonly string[] }
  /** Waits until so many others are known to carry the topic, and so many members are known. */
  | { readonly type: 'form'; readonly subscribers: number; readonly known: number }
  | { readonly type: 'use' }
  | { readonly type: 'memory' }
  /** Publishes single messages at a steady rate. */
  | { readonly type: 'publish'; readonly perSecond: number; readonly forMs: number; readonly size: number }
  /** Publishes many at once. */
  | { readonly type: 'bulk'; readonly messages: number; readonly size: number }
  /** Waits until so many messages of others are here. */
  | { readonly type: 'deliver'; readonly messages: number }
  | { readonly type: 'end' }

/** What it answers. */
export type FromChild =
  | { readonly type: 'prepared'; readonly pastelId: string }
  | { readonly type: 'filled'; readonly pastelIds: readonly string[]; readonly certificateBytes: number }
  | { readonly type: 'started'; readonly address: string; readonly tookMs: number }
  | { readonly type: 'formed' }
  | { readonly type: 'used'; readonly use: Use }
  | { readonly type: 'remembered'; readonly memory: MemoryUse }
  | { readonly type: 'published'; readonly messages: number }
  | { readonly type: 'delivered'; readonly messages: number }
