import type { PastelId } from '@pastel-mesh/identity'
import {
  type Certificate,
  type CertifiedReceipt,
  equalBytes,
  openCertificate,
  ProtocolError,
  type Receipt,
  readReceipt,
  sha256,
  verifyReceipt,
} from '@pastel-mesh/protocol'
import { CLOCK_SKEW_MS } from '../connection/own-certificate.ts'
import type { ReceiptCounters } from '../counters.ts'
import { pastelIdOf } from '../pastel-id-of.ts'

/** A receipt, and who signed it. */
export interface KnownReceipt extends CertifiedReceipt {
  readonly content: Receipt
  readonly by: PastelId
}

export interface ReceiptCheckOptions {
  readonly network: string
}

export interface ReceiptCheckComponents {
  /** The node's own public key: what it signed it signed, whatever its clock showed and with which node key. */
  readonly own: Uint8Array
  /** The newest certificate that is known of somebody. */
  readonly newest: (name: PastelId) => Certificate | undefined
  readonly counters: ReceiptCounters
}

/** Certificates that were verified: a recipient shows the same one for hours. */
const MAX_CERTIFICATES = 256
/** Those of whom it is remembered since when they have their node key. */
const MAX_SUBJECTS = 1_024

interface Since {
  readonly nodeKey: Uint8Array
  readonly serial: number
}

/** Checks what others give out as receipts, with the certificates that they come with. */
export class ReceiptCheck {
  readonly #options: ReceiptCheckOptions
  readonly #components: ReceiptCheckComponents
  readonly #certificates = new Map<string, Certificate>()
  readonly #since = new Map<PastelId, Since>()

  constructor(options: ReceiptCheckOptions, components: ReceiptCheckComponents) {
    this.#options = options
    this.#components = components
  }

  /**
   * @returns what it says; undefined if its node key was superseded when it was signed, or if it is from the future, which
   * look different to honest nodes: then it settles nothing, and what came with it counts
   * @throws ProtocolError if the bytes alone show that it is wrong
   */
  async open(certified: CertifiedReceipt): Promise<KnownReceipt | undefined> {
    const { counters } = this.#components
    // They are kept, and may be small parts of a large frame.
    const receipt = new Uint8Array(certified.receipt)
    const certificate = new Uint8Array(certified.certificate)
    try {
      const { receipt: content, certificate: opened } = await this.#verify({ receipt, certificate })
      const known = { receipt, certificate, content, by: pastelIdOf(content.subject) }
      if (equalBytes(content.subject, this.#components.own)) return known
      if (content.createdAtMs > Date.now() + CLOCK_SKEW_MS) {
        counters.refused += 1
        return undefined
      }
      if (!this.#isSuperseded(content, opened)) return known
    } catch (error) {
      counters.refused += 1
      throw error
    }
    counters.superseded += 1
    return undefined
  }

  async #verify({ receipt: envelope, certificate }: CertifiedReceipt) {
    const receipt = readReceipt(envelope)
    const opened = await this.#open(certificate)
    const problem = this.#findProblem(receipt, opened)
    if (problem !== undefined) {
      throw new ProtocolError('ERR_RECEIPT_FIELD', `the receipt is not valid: ${problem}`)
    }
    await verifyReceipt(envelope, receipt)
    return { receipt, certificate: opened }
  }

  async #open(envelope: Uint8Array): Promise<Certificate> {
    const key = Buffer.from(sha256(envelope)).toString('latin1')
    const known = this.#certificates.get(key)
    if (known !== undefined) return known
    const certificate = await openCertificate(envelope)
    this.#certificates.set(key, certificate)
    if (this.#certificates.size > MAX_CERTIFICATES) {
      this.#certificates.delete(this.#certificates.keys().next().value as string)
    }
    return certificate
  }

  /**
   * A PastelID has one node: the certificate with the highest serial, which is its time, revokes those of other node keys
   * from then on. What they signed before stays true.
   */
  #isSuperseded({ subject, nodeKey, createdAtMs }: Receipt, { serial }: Certificate): boolean {
    const name = pastelIdOf(subject)
    const newest = this.#components.newest(name)
    if (newest === undefined || equalBytes(newest.nodeKey, nodeKey) || newest.serial < serial) return false
    const before = this.#since.get(name)
    // It renews its certificate: the first that was seen tells since when it is the one.
    const isSame = before !== undefined && equalBytes(before.nodeKey, newest.nodeKey)
    const since = isSame && before.serial <= newest.serial ? before : newest
    this.#since.delete(name)
    this.#since.set(name, { nodeKey: since.nodeKey, serial: since.serial })
    if (this.#since.size > MAX_SUBJECTS) this.#since.delete(this.#since.keys().next().value as PastelId)
    return createdAtMs > since.serial
  }

  /** Why a certificate does not show that a receipt is its subject's, as far as the two alone tell. */
  #findProblem(receipt: Receipt, certificate: Certificate): string | undefined {
    const { subject, nodeKey, network, createdAtMs } = receipt
    if (network !== this.#options.network) return `it is of network ${network}`
    if (!equalBytes(certificate.subject, subject) || !equalBytes(certificate.nodeKey, nodeKey)) {
      return 'its certificate is that of another key'
    }
    if (certificate.network !== network) return `its certificate is of network ${certificate.network}`
    const { notBeforeMs, notAfterMs } = certificate
    if (createdAtMs < notBeforeMs - CLOCK_SKEW_MS || createdAtMs > notAfterMs + CLOCK_SKEW_MS) {
      return 'its certificate was not good when it was made'
    }
    return undefined
  }
}
