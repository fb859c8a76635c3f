import type { FloorRecipient } from './floor.ts'

/** What the parent tells a child process, and what it hears. */
export type ToChild =
  | { readonly type: 'job'; readonly directory: string; readonly batch: number }
  | { readonly type: 'connect'; readonly address: string }
  | { readonly type: 'bulk'; readonly to: string; readonly messages: number; readonly size: number }
  | { readonly type: 'singles'; readonly to: string; readonly messages: number; readonly size: number }
  /** Says how much CPU it has taken. */
  | { readonly type: 'cpu' }
  /** Serves the floor. */
  | { readonly type: 'floor'; readonly directory: string }
  /** Sends to the one that serves it: in bulk, then one after the other. */
  | {
      readonly type: 'send-floor'
      readonly directory: string
      readonly to: FloorRecipient
      readonly messages: number
      readonly singles: number
      readonly size: number
    }
  | { readonly type: 'end' }

export type FromChild =
  | { readonly type: 'listening'; readonly address: string; readonly pastelId: string }
  | { readonly type: 'connected' }
  | { readonly type: 'delivered'; readonly tookMs: number; readonly rssMb: number }
  | { readonly type: 'cpu'; readonly ms: number }
  | { readonly type: 'floor'; readonly to: FloorRecipient }
  | { readonly type: 'floor-sent'; readonly perSecond: number; readonly roundTripsMs: readonly number[] }
  | { readonly type: 'each'; readonly roundTripsMs: readonly number[] }
