import type { PrivateKey } from '@libp2p/interface'
import {
  type CertifiedReceipt,
  encodeReceipt,
  fromUtf8,
  MAX_RECEIPT_RANGES,
  makeReceiptEnvelope,
  type ReceiptRange,
  sha256,
  signedText,
} from '@pastel-mesh/protocol'

export interface ReceiptMakerOptions {
  readonly network: string
}

export interface ReceiptMakerComponents {
  /** The node's own public key. */
  readonly subject: Uint8Array
  readonly nodeKey: PrivateKey
  /** The certificate in force, which says that the node key may sign for the subject. */
  readonly certificate: () => Uint8Array
  /** Id of the store, 16 bytes. */
  readonly storeId: () => Uint8Array
}

/** The latest time that a date can say, in ms since 1970. */
const MAX_TIME_MS = 8.64e15

/** Signs receipts with the node key: an Ed25519 signature takes 50 µs, so they go at once. */
export class ReceiptMaker {
  readonly #options: ReceiptMakerOptions
  readonly #components: ReceiptMakerComponents
  #lastSerial = 0

  constructor(options: ReceiptMakerOptions, components: ReceiptMakerComponents) {
    this.#options = options
    this.#components = components
  }

  /** A receipt of this node with that serial is there: those that it makes from now on have higher ones. */
  goOnFrom(serial: number): void {
    // Made by no clock, but by somebody who has a node key of this node's: above it would be no numbers left.
    if (serial > MAX_TIME_MS) return
    this.#lastSerial = Math.max(this.#lastSerial, serial)
  }

  /** Receipts for some ranges: one, if they are not very many. */
  async make(ranges: readonly ReceiptRange[]): Promise<CertifiedReceipt[]> {
    const receipts: CertifiedReceipt[] = []
    for (let i = 0; i < ranges.length; i += MAX_RECEIPT_RANGES) {
      receipts.push(await this.#sign(ranges.slice(i, i + MAX_RECEIPT_RANGES)))
    }
    return receipts
  }

  async #sign(ranges: readonly ReceiptRange[]): Promise<CertifiedReceipt> {
    const { subject, nodeKey, certificate, storeId } = this.#components
    const createdAtMs = Date.now()
    // By the clock, so that a store that was restored from an older copy goes on with higher ones; unless the clock was ahead.
    this.#lastSerial = Math.max(this.#lastSerial + 1, createdAtMs)
    const bytes = encodeReceipt({
      network: this.#options.network,
      subject,
      nodeKey: nodeKey.publicKey.raw,
      store: storeId(),
      serial: this.#lastSerial,
      createdAtMs,
      ranges,
    })
    const signature = await nodeKey.sign(fromUtf8(signedText('receipt', sha256(bytes))))
    return { receipt: makeReceiptEnvelope(signature, bytes), certificate: certificate() }
  }
}
