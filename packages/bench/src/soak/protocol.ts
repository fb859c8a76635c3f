import type { MemoryUse } from '../memory-use.ts'

/** What one process has, between two tenths. */
export interface State {
  /** After its garbage was collected. */
  readonly memory: MemoryUse
  /** Of the files of the database. */
  readonly fileBytes: number
  /** Messages that it stores. */
  readonly storedMessages: number
}

/** What the parent tells a process. */
export type ToChild =
  /** `maxBytes`: what is kept; undefined: everything. */
  | {
      readonly type: 'job'
      readonly directory: string
      readonly batch: number
      readonly maxBytes: number | undefined
    }
  | { readonly type: 'connect'; readonly address: string }
  | { readonly type: 'publish'; readonly messages: number; readonly size: number }
  /** Waits until so many messages of the other are on disk, all in all. */
  | { readonly type: 'receive'; readonly messages: number }
  /** Waits until no more is stored than is to be kept, and says what it takes. */
  | { readonly type: 'state' }
  | { readonly type: 'end' }

/** What it answers. */
export type FromChild =
  | { readonly type: 'listening'; readonly address: string }
  | { readonly type: 'connected' }
  | { readonly type: 'published' }
  | { readonly type: 'received' }
  | { readonly type: 'stands'; readonly state: State }
