/** What the process of a member is told once. */
export interface MemberJob {
  /** Counts from 0. */
  readonly member: number
  /** How often it was started before: its message numbers begin behind all earlier ones. */
  readonly incarnation: number
  /** Hexadecimal. */
  readonly seed: string
  /** Hexadecimal. */
  readonly nodeKey: string
  readonly dataDir: string
  /** Files that no fault touches. */
  readonly acceptedPath: string
  readonly shownPath: string
  /** Where it listens: a multiaddr. */
  readonly listen: string
  /** Under which address others reach it. */
  readonly announce: string
  /** From which address it connects; absent: the system's choice. */
  readonly connectFrom?: string
  readonly bootstrap: readonly string[]
  readonly topics: readonly string[]
  /** PastelIDs of all members, its own too. */
  readonly pastelIds: readonly string[]
  readonly messagesPerSecond: number
  readonly syncIntervalMs: number
  readonly lostAfterMs: number
  readonly keepsLittle: boolean
  /** By how much its clock is ahead, in ms. */
  readonly clockShiftMs: number
  readonly randomSeed: number
  /** Everything is over already: it sends nothing and reads as fast as it can. */
  readonly isCalm: boolean
}

export type ToMember =
  | { readonly type: 'job'; readonly job: MemberJob }
  | { readonly type: 'status' }
  /** Sends no more, and reads as fast as it can. */
  | { readonly type: 'calm' }
  | { readonly type: 'end' }

export interface MemberStatus {
  /** What was accepted, by channel, by all processes of this member. */
  readonly accepted: Readonly<Record<string, number>>
  /** By error code. */
  readonly refused: Readonly<Record<string, number>>
  /** Messages that its readers were shown, by channel, each once, by all processes of this member. */
  readonly shown: Readonly<Record<string, number>>
  /** The end of its arrival order. */
  readonly end: number
  readonly heldBatches: number
  /** Ids of direct messages, at most 1,000, whose delivery is not settled. */
  readonly undelivered: readonly string[]
  /** The members that it is connected to. */
  readonly peers: readonly number[]
}

export type FromMember =
  | { readonly type: 'ready' }
  | { readonly type: 'calm' }
  | { readonly type: 'status'; readonly status: MemberStatus }
