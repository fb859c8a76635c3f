import { createHash } from 'node:crypto'
import type { PastelId } from './pastel-id.ts'

/** Places that are remembered: as many as an address book has names, twice. */
const MAX_PLACES = 16_384

/**
 * Who is close to whom: by XOR of the SHA3-256 of their PastelIDs' text, as integers, which is how Pastel finds the
 * supernodes of a user. Whoever knows the same names finds the same ones, and each PastelID has others.
 *
 * @example
 * import { createLocalSigner, generateSeed, PastelIdRanking } from '@pastel-mesh/identity'
 *
 * const [a, b] = [1, 2].map(() => createLocalSigner(generateSeed()).pastelId)
 * console.log(new PastelIdRanking().closestTo(a, [b, a], 1)[0] === a) // true
 */
export class PastelIdRanking {
  /** Hashing thousands of names anew each time would take some ms. */
  readonly #places = new Map<PastelId, Buffer>()

  /**
   * Those of some names that are closest to a PastelID, the closest first; nobody is closer than it is itself.
   */
  closestTo(pastelId: PastelId, names: Iterable<PastelId>, count: number): PastelId[] {
    const target = this.#placeOf(pastelId)
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
