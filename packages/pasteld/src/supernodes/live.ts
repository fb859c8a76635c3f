import type { PastelId } from '@pastel-mesh/identity'
import type { Supernode, SupernodeDirectory } from './supernode.ts'

/** Statuses of supernodes that the network counts on; the others are on its lists for a while. */
export const LIVE_STATUSES: readonly string[] = ['ENABLED', 'PRE_ENABLED']

const indexes = new WeakMap<readonly Supernode[], ReadonlyMap<PastelId, readonly Supernode[]>>()

/** The live supernodes that have registered a PastelID: whoever likes writes it into its own entry, so they may be several. */
export function liveSupernodesOf(
  pastelId: PastelId,
  directory: Pick<SupernodeDirectory, 'supernodes'>,
): readonly Supernode[] {
  const supernodes = directory.supernodes()
  let index = indexes.get(supernodes)
  if (index === undefined) {
    const live = supernodes.filter(({ status }) => LIVE_STATUSES.includes(status))
    index = Map.groupBy(
      live.filter(
        (supernode): supernode is Supernode & { pastelId: PastelId } => supernode.pastelId !== undefined,
      ),
      (supernode) => supernode.pastelId,
    )
    indexes.set(supernodes, index)
  }
  return index.get(pastelId) ?? []
}
