import type { PastelId } from '@pastel-mesh/identity'
import type { Supernode } from './supernode.ts'

/** One list of supernodes, found by whatever names one. */
export class SupernodeIndex {
  /** In the order of their outpoints. */
  readonly supernodes: readonly Supernode[]
  readonly #byOutpoint: ReadonlyMap<string, Supernode>
  readonly #byPublicKey: ReadonlyMap<string, Supernode>
  readonly #byPastelId = new Map<PastelId, Supernode>()

  constructor(supernodes: readonly Supernode[]) {
    this.supernodes = supernodes
    this.#byOutpoint = new Map(supernodes.map((supernode) => [supernode.outpoint, supernode]))
    const withKey = supernodes.filter(({ publicKey }) => publicKey !== '')
    this.#byPublicKey = new Map(withKey.map((supernode) => [supernode.publicKey.toLowerCase(), supernode]))
    for (const supernode of supernodes) {
      const { pastelId } = supernode
      if (pastelId === undefined) continue
      const other = this.#byPastelId.get(pastelId)
      if (other === undefined || isBefore(supernode, other)) this.#byPastelId.set(pastelId, supernode)
    }
  }

  /** Those that have a PastelID. */
  get identities(): number {
    return this.#byPastelId.size
  }

  byOutpoint(outpoint: string): Supernode | undefined {
    return this.#byOutpoint.get(outpoint)
  }

  byPastelId(pastelId: PastelId): Supernode | undefined {
    return this.#byPastelId.get(pastelId)
  }

  byPublicKey(publicKey: string): Supernode | undefined {
    return this.#byPublicKey.get(publicKey.toLowerCase())
  }
}

/** Of the same PastelID the one that is enabled, then the one of the better rank. */
function isBefore(a: Supernode, b: Supernode): boolean {
  const isEnabled = (supernode: Supernode) => supernode.status === 'ENABLED'
  if (isEnabled(a) !== isEnabled(b)) return isEnabled(a)
  return (a.rank ?? Number.POSITIVE_INFINITY) < (b.rank ?? Number.POSITIVE_INFINITY)
}
