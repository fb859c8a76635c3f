import { SUPERNODE_STATUSES } from '@pastel-mesh/pasteld'
import type { PasteldUse } from '../admin/pasteld-status.ts'
import { byLabel, type Families } from './families.ts'

const KNOWN: readonly string[] = SUPERNODE_STATUSES

/** How it stands with the Pastel core, and what the bridge does. */
export function addPasteldFamilies(families: Families, { directory, bridge }: PasteldUse): void {
  families.gauge({
    name: 'pmesh_supernodes',
    help: 'Supernodes of the last list of the Pastel core, by status',
    labels: ['status'],
    read: () => {
      const counts: Record<string, number> = {}
      for (const { status } of directory.supernodes()) {
        const label = KNOWN.includes(status) ? status : 'other'
        counts[label] = (counts[label] ?? 0) + 1
      }
      return byLabel('status', counts)
    },
  })
  families.gauge({
    name: 'pmesh_supernode_list_age_seconds',
    help: 'How long ago the list of supernodes was read; absent as long as there is none',
    read: () => {
      const { readAtMs } = directory
      return readAtMs === undefined ? [] : Math.max(0, Date.now() - readAtMs) / 1_000
    },
  })
  families.gauge({
    name: 'pmesh_supernode_list_problem',
    help: '1 if the list of supernodes is not renewed',
    read: () => (directory.problem === undefined ? 0 : 1),
  })
  if (bridge === undefined) return
  families.counter({
    name: 'pmesh_bridge_messages_total',
    help: 'Messages that the bridge to the Pastel core took in, handed over, or nobody can say of; attempts that failed',
    labels: ['what'],
    read: () => {
      const { takenIn, handedOver, uncertain, failed } = bridge()
      return byLabel('what', { in: takenIn, out: handedOver, uncertain, failed })
    },
  })
  families.counter({
    name: 'pmesh_bridge_refused_total',
    help: "Entries of the core's message list that were not taken in, by reason, each once",
    labels: ['reason'],
    read: () => byLabel('reason', bridge().refused),
  })
  families.gauge({
    name: 'pmesh_bridge_deferred',
    help: 'Messages left for the next look, because their senders sent too many',
    read: () => bridge().deferred,
  })
  families.gauge({
    name: 'pmesh_bridge_problem',
    help: '1 if something is in the way of the bridge',
    read: () => (bridge().problem === undefined ? 0 : 1),
  })
}
