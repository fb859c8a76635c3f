/** What the parent tells the child processes, and what it hears. */
export type ToChild =
  | { readonly type: 'fill'; readonly directory: string; readonly jobs: number; readonly sizeBytes: number }
  | { readonly type: 'open'; readonly directory: string; readonly jobs: number; readonly inFlight: number }
  | { readonly type: 'end' }

export interface Filled {
  readonly type: 'filled'
  readonly perSecond: number
  readonly rssMb: number
}

export interface Processed {
  readonly type: 'processed'
  /** From the call of `start` to its end, and to the first job in a handler. */
  readonly openMs: number
  readonly firstMs: number
  readonly openRssMb: number
  readonly perSecond: number
  /** The most while it worked, parts of files that are mapped included; and without. */
  readonly rssMb: number
  readonly ownMb: number
}

export type FromChild = Filled | Processed
