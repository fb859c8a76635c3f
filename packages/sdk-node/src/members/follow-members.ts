import type { TypedEventEmitter } from 'main-event'
import type { MeshNodeEvents } from '../index.ts'
import type { MemberRegistry } from './member-registry.ts'

export interface FollowMembersComponents {
  readonly gate: { review(): void }
  readonly sync: { membersJoined(): void }
  readonly node: TypedEventEmitter<MeshNodeEvents>
}

/**
 * Does at once what follows from a change of the members: who left is cut off, and what was not taken of those who
 * joined is asked for.
 * @returns ends it
 */
export function followMembers(
  registry: MemberRegistry,
  { gate, sync, node }: FollowMembersComponents,
): () => void {
  const removers = [
    registry.onChange?.((change) => {
      gate.review()
      if (change.joined.length > 0) sync.membersJoined()
      node.safeDispatchEvent('members', { detail: change })
    }),
    registry.onError?.((error) => node.safeDispatchEvent('error', { detail: error })),
  ]
  return () => {
    for (const remove of removers) remove?.()
  }
}
