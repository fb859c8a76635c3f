import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { MeshError } from '@pastel-mesh/identity'
import { type Certificate, equalBytes, openCertificate } from '@pastel-mesh/protocol'
import { dialableAddresses } from './connect-target.ts'
import { CLOCK_SKEW_MS, type OwnCertificate } from './own-certificate.ts'

/** Which node has this node's PastelID now. */
export interface Superseded {
  readonly peerId: string
  /** Serial of its certificate, which is higher than that of this node's. */
  readonly serial: number
  /** Multiaddrs that it tells others. */
  readonly addresses: readonly string[]
  /** When this node learnt of it, in ms since 1970. */
  readonly sinceMs: number
}

export interface SupersessionOptions {
  readonly network: string
  /** Public key of the node's PastelID, 57 bytes. */
  readonly subject: Uint8Array
  /** Public key of the node, 32 bytes. */
  readonly nodeKey: Uint8Array
}

export interface SupersessionComponents {
  readonly own: Pick<OwnCertificate, 'serial' | 'retire'>
  readonly onSuperseded: (by: Superseded) => void
}

/**
 * Whether another node has this node's PastelID. A PastelID has one node, the one whose certificate has the highest
 * serial; with equal serials the one with the higher node key. Once superseded, for good: the node renews its
 * certificate no more, for it would win again; started anew it does.
 */
export class Supersession {
  readonly #options: SupersessionOptions
  readonly #components: SupersessionComponents
  #by: Superseded | undefined

  constructor(options: SupersessionOptions, components: SupersessionComponents) {
    this.#options = options
    this.#components = components
  }

  /** The node that has this node's PastelID now; undefined: this one. */
  get by(): Superseded | undefined {
    return this.#by
  }

  /** Tells of a certificate, of whomever, whose signatures are good: however it came. */
  seen(certificate: Certificate): void {
    if (!this.#wins(certificate) || certificate.serial <= (this.#by?.serial ?? 0)) return
    const isFirst = this.#by === undefined
    this.#by = {
      peerId: publicKeyFromRaw(certificate.nodeKey).toString(),
      serial: certificate.serial,
      addresses: dialableAddresses(certificate.addresses).map(String),
      sinceMs: this.#by?.sinceMs ?? Date.now(),
    }
    if (!isFirst) return
    this.#components.own.retire()
    this.#components.onSuperseded(this.#by)
  }

  /** Tells of an envelope that is said to be such a certificate; what is none changes nothing. */
  async shown(envelope: Uint8Array): Promise<void> {
    const certificate = await openCertificate(envelope).catch(() => undefined)
    if (certificate !== undefined) this.seen(certificate)
  }

  /** @throws MeshError ERR_SUPERSEDED */
  assertCurrent(): void {
    if (this.#by === undefined) return
    const { peerId, addresses } = this.#by
    const where = addresses.length === 0 ? '' : `, at ${addresses.join(', ')}`
    throw new MeshError(
      'ERR_SUPERSEDED',
      `another node has this PastelID now (node key ${peerId}${where}), and others take nothing from this one: publish there; or stop that node and start this one again`,
    )
  }

  #wins({ network, subject, nodeKey, serial }: Certificate): boolean {
    const { own } = this.#components
    if (network !== this.#options.network || !equalBytes(subject, this.#options.subject)) return false
    if (equalBytes(nodeKey, this.#options.nodeKey)) return false
    // Others refuse such a certificate, so it supersedes nobody.
    if (serial > Date.now() + CLOCK_SKEW_MS) return false
    if (serial !== own.serial) return serial > own.serial
    return Buffer.compare(nodeKey, this.#options.nodeKey) > 0
  }
}
