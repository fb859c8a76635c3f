import type { PastelId } from '@pastel-mesh/identity'
import { type Certificate, equalBytes } from '@pastel-mesh/protocol'

/** PastelIDs that are remembered: those that were not seen for longest leave first. */
const MAX_KNOWN = 4_096

/** The newest certificate that each PastelID was accepted with: where its node is, and which node key is its own. */
export class AddressBook {
  readonly #known = new Map<PastelId, Certificate>()
  readonly #max: number

  constructor({ max = MAX_KNOWN }: { max?: number } = {}) {
    this.#max = max
  }

  /** A certificate was accepted, or still holds. One of a node that another has superseded changes nothing. */
  seen(pastelId: PastelId, certificate: Certificate): void {
    if (this.isSuperseded(pastelId, certificate)) return
    this.#known.delete(pastelId)
    this.#known.set(pastelId, certificate)
    for (const name of this.#known.keys()) {
      if (this.#known.size <= this.#max) break
      this.#known.delete(name)
    }
  }

  /** Whether the PastelID has a newer certificate, with another node key. */
  isSuperseded(pastelId: PastelId, certificate: Certificate): boolean {
    const known = this.#known.get(pastelId)
    if (known === undefined || equalBytes(known.nodeKey, certificate.nodeKey)) return false
    if (known.serial !== certificate.serial) return known.serial > certificate.serial
    // Never both, and everywhere the same.
    return Buffer.compare(known.nodeKey, certificate.nodeKey) > 0
  }

  /**
   * Whether its node has shown a newer certificate with the same key. A node shows its newest to whom it connects:
   * there are two of them, or its clock was set back.
   */
  isOutdated(pastelId: PastelId, { nodeKey, serial }: Certificate): boolean {
    const known = this.#known.get(pastelId)
    return known !== undefined && equalBytes(known.nodeKey, nodeKey) && known.serial > serial
  }

  get(pastelId: PastelId): Certificate | undefined {
    return this.#known.get(pastelId)
  }
}
