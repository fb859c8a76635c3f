import { createHash } from 'node:crypto'
import type { PastelId } from '@pastel-mesh/identity'

/** Places that are remembered: as many as an address book has names, twice. */
const MAX_PLACES = 16_384

/**
 * Who is close to whom: by XOR of the SHA3-256 of their PastelIDs. Nodes that know the same members find the same
 * ones, and each recipient has others.
 */
export class MailboxRanking {
  /** Hashing all names anew for each deposit would take some ms. */
  readonly #places = new Map<PastelId, Buffer>()

  /**
   * Those of some names that are closest to a recipient, the closest first.
   * @param names without the recipient itself
   */
  closestTo(recipient: PastelId, names: Iterable<PastelId>, count: number): PastelId[] {
    const target = this.#placeOf(recipient)
    const ranked = [...names].map((name) => ({ name, distance: xor(this.#placeOf(name), target) }))
    ranked.sort((a, b) => Buffer.compare(a.distance, b.distance))
    return ranked.slice(0, count).map(({ name }) => name)
  }

  #placeOf(name: PastelId): Buffer {
    let place = this.#places.get(name)
    if (place === undefined) {
      place = createHash('sha3-256').update(name).digest()
      if (this.#places.size >= MAX_PLACES) this.#places.clear()
      this.#places.set(name, place)
    }
    return place
  }
}

function xor(a: Buffer, b: Buffer): Buffer {
  const result = Buffer.allocUnsafe(a.length)
  for (let i = 0; i < a.length; i += 1) result[i] = (a[i] as number) ^ (b[i] as number)
  return result
}
