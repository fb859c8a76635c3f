/** What the parent tells a child process, and what it hears. */
export type ToChild =
  | { readonly type: 'job'; readonly directory: string; readonly batch: number }
  | { readonly type: 'connect'; readonly address: string }
  | { readonly type: 'bulk'; readonly to: string; readonly messages: number; readonly size: number }
  | { readonly type: 'singles'; readonly to: string; readonly messages: number; readonly size: number }
  | { readonly type: 'end' }

export type FromChild =
  | { readonly type: 'listening'; readonly address: string; readonly pastelId: string }
  | { readonly type: 'connected' }
  | { readonly type: 'delivered'; readonly tookMs: number; readonly rssMb: number }
  | { readonly type: 'each'; readonly roundTripsMs: readonly number[] }
