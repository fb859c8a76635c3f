/**
 * To how many peers that have not said whom they are connected to a node forwards what it had from the sender itself:
 * most of the copies that they forward to each other come twice. From the next hop on the whole mesh gets it.
 */
const FIRST_HOP_PEERS = 3

/**
 * Whom to forward what a node had from its author: the author sends a small batch to all that it is connected to, so
 * only those of the mesh need it that are not, and those of which nothing is known get it in some cases.
 *
 * @param reaches whether a peer is connected to the author; undefined if it has not said yet
 */
export function firstHop(
  mesh: ReadonlySet<string>,
  reaches: (peer: string) => boolean | undefined,
): { readonly needy: string[]; readonly unknown: string[] } {
  const needy: string[] = []
  const unknown: string[] = []
  for (const peer of mesh) {
    const isReached = reaches(peer)
    if (isReached === false) needy.push(peer)
    else if (isReached === undefined) unknown.push(peer)
  }
  return { needy, unknown }
}

/** Those that need it, and some of the others. */
export function chosen({ needy, unknown }: ReturnType<typeof firstHop>): Set<string> {
  for (let i = 0; i < Math.min(FIRST_HOP_PEERS, unknown.length); i += 1) {
    const j = i + Math.floor(Math.random() * (unknown.length - i))
    ;[unknown[i], unknown[j]] = [unknown[j] as string, unknown[i] as string]
  }
  return new Set([...needy, ...unknown.slice(0, FIRST_HOP_PEERS)])
}
