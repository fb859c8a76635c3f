/** How ten processes carry the same messages, all storing them with sync. */
export interface Variant {
  readonly name: string
  readonly kind: 'mesh' | 'strict-sign' | 'floor'
}

export const VARIANTS = {
  ours: { name: 'Pastel Mesh', kind: 'mesh' },
  strictSign: { name: 'stock gossipsub, StrictSign', kind: 'strict-sign' },
  floor: { name: 'plain sockets and files', kind: 'floor' },
} as const satisfies Record<string, Variant>

/** What each process publishes. */
export interface Load {
  /** Messages of one process. */
  readonly perSecond: number
  readonly sizeBytes: number
  /** Before anything is measured: the mesh forms, code is compiled. */
  readonly warmupMs: number
  readonly measureMs: number
}

/** What the parent tells a process. */
export type ToChild =
  | { readonly type: 'job'; readonly kind: Variant['kind']; readonly directory: string }
  /** Connect to these, and wait until `peers` others are known to carry the topic. */
  | { readonly type: 'connect'; readonly addresses: readonly string[] }
  | { readonly type: 'join'; readonly peers: number }
  | { readonly type: 'go'; readonly load: Load }
  /** Wait until so many measured messages of others are here. */
  | { readonly type: 'collect'; readonly expected: number }
  | { readonly type: 'end' }

/** What it answers. */
export type FromChild =
  | { readonly type: 'listening'; readonly address: string }
  | { readonly type: 'connected' }
  | { readonly type: 'joined' }
  /**
   * `acceptedMs`: from the call to the acknowledgement, of each measured message of its own; `cpuPercent` of one
   * core, all threads, from the end of the warm-up to the end.
   */
  | { readonly type: 'published'; readonly acceptedMs: readonly number[]; readonly cpuPercent: number }
  /** `shownMs`: from the call in the other process to the moment it was shown here. */
  | { readonly type: 'collected'; readonly shownMs: readonly number[]; readonly rssMb: number }
