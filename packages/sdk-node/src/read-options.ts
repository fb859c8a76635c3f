import type { PastelId } from '@pastel-mesh/identity'

export interface SubscribeOptions {
  /** Where to begin: a cursor; `'start'`: the oldest stored message; `'now'`. @default 'now' */
  readonly from?: string
  /** Ends the iteration with the signal's reason. */
  readonly signal?: AbortSignal
}

export interface InboxOptions {
  /** Only what one sender wrote. */
  readonly from?: PastelId
  /** Where to begin: a cursor; `'start'`: the oldest stored message; `'now'`. @default 'now' */
  readonly cursor?: string
  /** Ends the iteration with the signal's reason. */
  readonly signal?: AbortSignal
}

export interface ReadMessagesOptions {
  readonly topic?: string
  /** Only direct messages: what came to this node's inbox; or what it sent, expired messages included. */
  readonly direct?: 'received' | 'sent'
  /**
   * Of what came to this node's inbox, also what has expired since: it is there until retention removes it. What had
   * expired when it came is not given. @default false
   */
  readonly withExpired?: boolean
  /** Only direct messages of this node to this member. */
  readonly recipient?: PastelId
  readonly sender?: PastelId
  /** Only messages of this type; then nothing is said of what is lost, whose type nobody knows. */
  readonly type?: string
  /** Where to begin: a cursor. @default the end that the direction begins at */
  readonly from?: string
  /** Only what this node took in at this time or later, in ms since 1970; when it was written says `createdAtMs`. */
  readonly sinceMs?: number
  /** Only what this node took in before this time, in ms since 1970. */
  readonly untilMs?: number
  /** From the newest to the oldest. @default false */
  readonly reverse?: boolean
  /** At most so many entries, what is said of the cursor aside. Not many more are then read from the disk. */
  readonly limit?: number
  readonly signal?: AbortSignal
}

export interface UnsharedOptions {
  /** Behind which message to go on: its cursor. @default the beginning */
  readonly from?: string
  readonly limit?: number
  readonly signal?: AbortSignal
}
