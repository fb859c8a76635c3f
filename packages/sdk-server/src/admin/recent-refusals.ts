import type { PastelId } from '@pastel-mesh/identity'
import type { MeshNode, Refusal } from '@pastel-mesh/sdk-node'

/** A connection that one of the two ends refused. */
export interface RecentRefusal extends Refusal {
  /** The last time, in ms since 1970. */
  readonly atMs: number
  /** How often since it was first noted. */
  readonly count: number
}

/** Kept of members and, apart from them, of strangers: a stranger makes a new key each time that it comes. */
const MAX_KEPT = 16

/** The last refusals, each once by whom it concerns and why: what a status shows of them. */
export class RecentRefusals {
  readonly #members = new Map<string, RecentRefusal>()
  readonly #strangers = new Map<string, RecentRefusal>()
  readonly #node: MeshNode

  constructor({ node }: { readonly node: MeshNode }) {
    this.#node = node
    node.addEventListener('refused', ({ detail }) => this.#add(detail))
  }

  /** The newest first, without those who have been let in since. */
  list(): RecentRefusal[] {
    const peers = this.#node.peers()
    // Whose PastelID it was is not known where the other end refused.
    const isOver = ({ peerId, pastelId, atMs }: RecentRefusal) =>
      peers.some(
        (peer) => (peer.peerId === peerId || peer.pastelId === pastelId) && peer.connectedAtMs >= atMs,
      )
    const all = [...this.#members.values(), ...this.#strangers.values()]
    return all.filter((refusal) => !isOver(refusal)).sort((a, b) => b.atMs - a.atMs)
  }

  #add(refusal: Refusal): void {
    const { pastelId, peerId, by, reason } = refusal
    const kept = this.#isMember(pastelId) ? this.#members : this.#strangers
    const key = `${pastelId ?? peerId} ${by} ${reason}`
    const count = (kept.get(key)?.count ?? 0) + 1
    kept.delete(key)
    kept.set(key, { ...refusal, atMs: Date.now(), count })
    for (const oldest of kept.keys()) {
      if (kept.size <= MAX_KEPT) break
      kept.delete(oldest)
    }
  }

  #isMember(pastelId: PastelId | undefined): boolean {
    return pastelId !== undefined && this.#node.registry.memberAt(pastelId, Date.now()) !== undefined
  }
}
