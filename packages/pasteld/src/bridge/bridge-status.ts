/** Why an entry of the core's list is not a message of a supernode to this one; counted, never told twice. */
export type EntryRefusal =
  | 'fee'
  | 'envelope'
  | 'forged'
  | 'unknown-sender'
  | 'not-a-member'
  | 'message'
  | 'malformed'

/** What a bridge has done since the start, and how it stands. */
export interface BridgeStatus {
  /** Messages that were taken in. */
  readonly takenIn: number
  /** Entries that were not, by reason, each counted once. `fee`: the core's own messages. */
  readonly refused: Readonly<Record<EntryRefusal, number>>
  readonly handedOver: number
  /** Nobody can say whether they were handed over. */
  readonly uncertain: number
  /** Attempts that certainly came to nothing; they are made again. */
  readonly failed: number
  /** Ids of messages that are remembered, so that none is taken in twice. */
  readonly remembered: number
  /** When the core's list was read last, in ms since 1970. */
  readonly polledAtMs?: number
  /** What is in the way now. */
  readonly problem?: { readonly message: string; readonly sinceMs: number }
}
