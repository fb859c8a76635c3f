import type { SupernodeDirectory } from '@pastel-mesh/pasteld'
import { type Context, router, viewerProcedure } from '../trpc.ts'

/** What the bridge to supernodes that speak only through their cores has done since the start. */
export interface BridgeCounts {
  readonly takenIn: number
  /** Entries of the core's list that were not taken in, by reason, each once. */
  readonly refused: Readonly<Record<string, number>>
  /** Left for the next look, at the last one: their senders sent too many. */
  readonly deferred: number
  readonly handedOver: number
  /** Nobody can say whether they were handed over. */
  readonly uncertain: number
  /** Attempts that certainly came to nothing, and are made again. */
  readonly failed: number
  /** When the core's messages were read last, in ms since 1970. */
  readonly polledAtMs?: number
  readonly problem?: { readonly message: string; readonly sinceMs: number }
}

/** What a node uses the Pastel core for. */
export interface PasteldUse {
  /** Where the core is; no password in it. */
  readonly url: string
  /** Who signs for the node's PastelID: the core, or the node with its own key file. */
  readonly signer: 'core' | 'key-file'
  /** Whether supernodes are the members. */
  readonly isRegistry: boolean
  readonly directory: Pick<SupernodeDirectory, 'supernodes' | 'readAtMs' | 'problem' | 'local' | 'byPastelId'>
  /** Whether the last list is too old, or there is none: nobody is a member. @default never */
  readonly isListRefused?: () => boolean
  /** @default there is no bridge */
  readonly bridge?: () => BridgeCounts
}

/** How it stands with the core, and with the supernodes that it lists. */
export function pasteldStatus({ pasteld, node }: Pick<Context, 'pasteld' | 'node'>) {
  if (pasteld === undefined) return null
  const { url, signer, isRegistry, directory, isListRefused = () => false, bridge } = pasteld
  const local = directory.local()
  const supernodes = directory.supernodes()
  const byStatus: Record<string, number> = {}
  for (const { status } of supernodes) byStatus[status] = (byStatus[status] ?? 0) + 1
  const onMesh = new Set([...node.knownNodes(), ...node.peers()].map(({ pastelId }) => pastelId))
  const identities = new Set(supernodes.flatMap(({ pastelId }) => pastelId ?? []))
  identities.delete(node.pastelId)
  const meshed = [...identities].filter((pastelId) => onMesh.has(pastelId)).length
  return {
    url,
    signer,
    isRegistry,
    /** The last list of supernodes. */
    list: {
      /** In ms since 1970; null: none was ever read. */
      readAtMs: directory.readAtMs ?? null,
      /** It is too old, so nobody is a member. */
      isRefused: isListRefused(),
      /** Why it is not renewed; null: it is. */
      problem: directory.problem ?? null,
      byStatus,
    },
    /** The supernode that the core is; null: it is none, or was not reached yet. */
    local:
      local === undefined
        ? null
        : {
            outpoint: local.outpoint,
            status: local.status,
            rank: local.rank ?? null,
            pastelId: local.pastelId ?? null,
          },
    /** PastelIDs of supernodes beside this node: those whose nodes the mesh knows, and the others. */
    onMesh: meshed,
    onlyPasteld: identities.size - meshed,
    /** Null: there is none. */
    bridge: bridge?.() ?? null,
  }
}

export const pasteld = router({
  /** Null: there is no core. */
  status: viewerProcedure.query(({ ctx }) => pasteldStatus(ctx)),

  /** The supernodes of the last list; none where there is no core. */
  supernodes: viewerProcedure.query(({ ctx }) => {
    const { directory } = ctx.pasteld ?? {}
    return (directory?.supernodes() ?? []).map(({ outpoint, status, rank, publicKey, pastelId }) => ({
      outpoint,
      status,
      rank: rank ?? null,
      publicKey,
      pastelId: pastelId ?? null,
      /** Of several with one PastelID it is the one that is enabled, or of the best rank. */
      isFirst: pastelId !== undefined && directory?.byPastelId(pastelId)?.outpoint === outpoint,
    }))
  }),
})
