/**
 * Why an entry of the core's list is not a message of a supernode to this one; counted, never told twice. `ahead`,
 * `ambiguous-sender` (several supernodes have registered its PastelID), `forged`, `not-a-member` and `unknown-sender` may
 * come in when that has changed. `obsolete`: older than what is taken in; counted up to 100,000.
 */
export type EntryRefusal =
  | 'fee'
  | 'envelope'
  | 'forged'
  | 'unknown-sender'
  | 'ambiguous-sender'
  | 'not-a-member'
  | 'message'
  | 'malformed'
  | 'ahead'
  | 'obsolete'

/** What a bridge has done since the start, and how it stands. */
export interface BridgeStatus {
  /** Messages that were taken in. */
  readonly takenIn: number
  /** Entries that were not, by reason, each counted once. `fee`: the core's own messages. */
  readonly refused: Readonly<Record<EntryRefusal, number>>
  /** Messages that were left for the next look, at the last one: their senders sent too many. */
  readonly deferred: number
  readonly handedOver: number
  /** Nobody can say whether they were handed over. */
  readonly uncertain: number
  /** Attempts that certainly came to nothing; they are made again. */
  readonly failed: number
  /** Ids of messages that are remembered, so that none is taken in twice. */
  readonly remembered: number
  /** When the core's list was read last, in ms since 1970. */
  readonly polledAtMs?: number
  /** What is in the way now: of what comes in, or else of what goes out. */
  readonly problem?: { readonly message: string; readonly sinceMs: number }
}
