import type { PastelId } from '@pastel-mesh/identity'

/** A member of the network. */
export interface Member {
  readonly pastelId: PastelId
  /** What it may do; `member` unless the registry says otherwise. */
  readonly role: string
}

/** What changed at once. A member whose role changed is among those who joined. */
export interface MemberChange {
  readonly joined: readonly Member[]
  readonly left: readonly Member[]
}

/** What leads from some members to others. */
export function memberChange(
  before: ReadonlyMap<PastelId, Member>,
  after: ReadonlyMap<PastelId, Member>,
): MemberChange {
  return {
    joined: [...after.values()].filter(({ pastelId, role }) => before.get(pastelId)?.role !== role),
    left: [...before.values()].filter(({ pastelId }) => !after.has(pastelId)),
  }
}

/**
 * Says who belongs to the network. A node asks before it takes a connection, a certificate or a batch.
 * Other registries can be plugged in: only the first three are needed, what is left out is explained at each.
 */
export interface MemberRegistry {
  start(): Promise<void>
  stop(): Promise<void>
  /**
   * The member that a PastelID was at a time (ms since 1970), also a past one; undefined: none. Answers from memory.
   * A PastelID that was no member when a batch of it was made is not believed that batch.
   */
  memberAt(pastelId: PastelId, timeMs: number): Member | undefined

  /** Who is a member now. Absent: they cannot be listed, as where everybody is one. */
  members?(): readonly Member[]
  /**
   * Calls back when somebody joined or left. Absent: the node notices it when it reviews its connections, every
   * five seconds.
   * @returns removes the listener
   */
  onChange?(listener: (change: MemberChange) => void): () => void
  /**
   * Calls back when the registry cannot follow its source any more, and keeps to what it knew.
   * @returns removes the listener
   */
  onError?(listener: (error: Error) => void): () => void
  /**
   * Looks at its source now, and takes what that says. Absent: there is nothing that could be looked at.
   * @returns who joined and left
   * @throws MeshError ERR_MEMBER_FILE: what is wrong; then nothing has changed
   */
  reload?(): Promise<MemberChange>
  /**
   * Makes a PastelID a member, or gives it another role; on disk when it resolves. Absent, as `remove`: members are
   * made elsewhere.
   * @throws MeshError ERR_OPEN_MEMBERS, ERR_MEMBER_FILE, ERR_ROLE_NAME
   */
  add?(pastelId: PastelId, role?: string): Promise<Member>
  /** @throws MeshError ERR_OPEN_MEMBERS, ERR_MEMBER_FILE, ERR_UNKNOWN_MEMBER, ERR_OWN_MEMBER */
  remove?(pastelId: PastelId): Promise<void>
}

/** Role of a member of which nothing else is known. */
export const DEFAULT_ROLE = 'member'
