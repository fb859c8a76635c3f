import type { PastelId } from '@pastel-mesh/identity'

/** A member of the network. */
export interface Member {
  readonly pastelId: PastelId
  /** What it may do; `member` unless the registry says otherwise. */
  readonly role: string
}

/**
 * Says who belongs to the network. A node asks before it takes a connection, a certificate or a batch.
 * Other registries can be plugged in.
 */
export interface MemberRegistry {
  start(): Promise<void>
  stop(): Promise<void>
  /** The member that a PastelID was at a time (ms since 1970); undefined: none. Answers from memory. */
  memberAt(pastelId: PastelId, timeMs: number): Member | undefined
}

/** Role of a member of which nothing else is known. */
export const DEFAULT_ROLE = 'member'
