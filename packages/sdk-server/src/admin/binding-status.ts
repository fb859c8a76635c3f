/** What keeps a binding from going on; it tries again and again. */
export interface BindingBlocked {
  readonly code: string
  readonly message: string
  /** The message that makes no job, if it is that. */
  readonly messageId?: string
  readonly attempts: number
  /** In ms since 1970. */
  readonly sinceMs: number
}

/** Where a binding stands. */
export interface BindingStatus {
  /** `inbox`, or `topic/<name>`. */
  readonly source: string
  readonly job: string
  /** Position of its bookmark in the node's arrival order; undefined before the first start. */
  readonly position: number | undefined
  /** The end of that order. */
  readonly end: number
  /** Messages of the source behind the bookmark: 1,000 means as many or more; undefined if that cannot be read now. */
  readonly behind: number | undefined
  /** Jobs that were made since the start. */
  readonly jobs: number
  /** Messages of which none was to be made. */
  readonly skipped: number
  /** Messages of a declared topic that could not be read, and made none. */
  readonly undecodable: number
  /** Entries that said that messages are not here: `lost` and `before-history`. */
  readonly lost: number
  readonly blocked?: BindingBlocked
}
