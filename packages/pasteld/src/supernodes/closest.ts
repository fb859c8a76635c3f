import { type PastelId, PastelIdRanking } from '@pastel-mesh/identity'
import { LIVE_STATUSES } from './live.ts'
import type { Supernode } from './supernode.ts'

/** Clients post to as many, and read from as many. */
const DEFAULT_COUNT = 3

/**
 * The supernodes with which Pastel's clients leave messages for a PastelID, and from which its owner reads them: those
 * whose PastelIDs are closest to it ({@link PastelIdRanking}), the closest first. A supernode is closest to itself.
 *
 * @param supernodes the core's list; of it only what is ENABLED or PRE_ENABLED and has a PastelID is taken, and of
 * several with the same one the first
 * @param count @default 3
 */
export function closestSupernodes(
  pastelId: PastelId,
  supernodes: Iterable<Supernode>,
  count: number = DEFAULT_COUNT,
): Supernode[] {
  const byName = new Map<PastelId, Supernode>()
  for (const supernode of supernodes) {
    const name = supernode.pastelId
    // As Pastel's Python layer lists them: all must look among the same ones.
    if (name === undefined || byName.has(name) || !LIVE_STATUSES.includes(supernode.status)) continue
    byName.set(name, supernode)
  }
  const names = new PastelIdRanking().closestTo(pastelId, byName.keys(), count)
  return names.map((name) => byName.get(name) as Supernode)
}
