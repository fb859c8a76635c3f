/** What a node missed. */
export interface Variant {
  readonly name: string
  /** Messages of one signature. */
  readonly batch: number
}

export const VARIANTS = {
  large: { name: '512 messages a batch', batch: 512 },
  middle: { name: '64 messages a batch', batch: 64 },
  single: { name: '1 message a batch', batch: 1 },
} as const satisfies Record<string, Variant>

/** What the parent tells a child process, and what it hears. */
export type ToChild =
  /** Fills a folder with a history. */
  | {
      readonly type: 'fill'
      readonly directory: string
      readonly messages: number
      readonly batch: number
      readonly size: number
    }
  /** Starts a node on a folder. */
  | { readonly type: 'start'; readonly directory: string }
  /** Connects to a node that has messages, and waits until so many are on this one's disk. */
  | { readonly type: 'catch-up'; readonly address: string; readonly messages: number }
  /** Verifies and stores what a folder holds in another, without a network. */
  | { readonly type: 'place'; readonly from: string; readonly to: string }
  | { readonly type: 'end' }

export type FromChild =
  | { readonly type: 'filled' }
  | { readonly type: 'started'; readonly address: string }
  | {
      readonly type: 'caught-up'
      readonly seconds: number
      readonly cpuMs: number
      readonly rssMb: number
      readonly held: number
    }
  | { readonly type: 'placed'; readonly seconds: number }
