import type { PrivateKey } from '@libp2p/interface'
import type { Signer } from '@pastel-mesh/identity'
import {
  type Certificate,
  encodeCertificate,
  fromUtf8,
  makeCertificateEnvelope,
  sha256,
  signedText,
} from '@pastel-mesh/protocol'

export interface OwnCertificateOptions {
  readonly network: string
  /** How long a certificate is good. @default 24 hours */
  readonly lifetimeMs: number
}

export interface OwnCertificateComponents {
  readonly signer: Signer
  /** The node key. */
  readonly privateKey: PrivateKey
  readonly describe: () => Pick<Certificate, 'addresses' | 'topics' | 'roles'>
}

/** Clocks of honest nodes differ by less: a certificate is good that much before it was made. */
export const CLOCK_SKEW_MS = 2 * 60_000

/** Makes this node's certificate: signed by the PastelID and by the node key. */
export class OwnCertificate {
  readonly #options: OwnCertificateOptions
  readonly #components: OwnCertificateComponents
  #serial = 0
  #envelope: Uint8Array | undefined

  constructor(options: OwnCertificateOptions, components: OwnCertificateComponents) {
    this.#options = options
    this.#components = components
  }

  /** When the certificate is replaced, counted from when it was made. */
  get renewAfterMs(): number {
    return this.#options.lifetimeMs / 2
  }

  /** The certificate in force. Made by {@link renew}. */
  get envelope(): Uint8Array {
    if (this.#envelope === undefined) throw new Error('the certificate was not made yet')
    return this.#envelope
  }

  async renew(): Promise<void> {
    const { signer, privateKey, describe } = this.#components
    const now = Date.now()
    this.#serial = Math.max(this.#serial + 1, now)
    const bytes = encodeCertificate({
      network: this.#options.network,
      subject: signer.publicKey,
      nodeKey: privateKey.publicKey.raw,
      ...describe(),
      serial: this.#serial,
      notBeforeMs: now - CLOCK_SKEW_MS,
      notAfterMs: now + this.#options.lifetimeMs,
    })
    const text = signedText('certificate', sha256(bytes))
    const signature = await signer.sign(text)
    const nodeSignature = await privateKey.sign(fromUtf8(text))
    this.#envelope = makeCertificateEnvelope(signature, nodeSignature, bytes)
  }
}
