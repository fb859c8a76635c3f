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
  readonly describe: () => Pick<Certificate, 'addresses' | 'topics' | 'roles'> &
    Partial<Pick<Certificate, 'sealingKey' | 'mailboxes'>>
  /** Told before a certificate is made until when it will be good; if that fails, what is there goes on. */
  readonly prepare?: (notAfterMs: number) => Promise<void>
  /** There is a new certificate. */
  readonly onRenewed?: (envelope: Uint8Array) => void
}

/** When a certificate is good, in ms since 1970. */
export interface CertificatePeriod {
  readonly madeAtMs: number
  /** When it is to be replaced. */
  readonly renewAtMs: number
  readonly notAfterMs: number
}

/** Clocks of honest nodes differ by less: a certificate is good that much before it was made. */
export const CLOCK_SKEW_MS = 2 * 60_000

/** The longest that a timer of Node can wait; with more it fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Makes this node's certificate: signed by the PastelID and by the node key. */
export class OwnCertificate {
  readonly #options: OwnCertificateOptions
  readonly #components: OwnCertificateComponents
  #lastSerial = 0
  #isRetired = false
  #current: { readonly serial: number; readonly envelope: Uint8Array; readonly madeAtMs: number } | undefined

  /** Certificates that were begun, and which of them is in force. */
  #made = 0
  #currentMade = 0

  constructor(options: OwnCertificateOptions, components: OwnCertificateComponents) {
    this.#options = options
    this.#components = components
  }

  /** When the certificate is replaced, counted from when it was made. */
  get renewAfterMs(): number {
    return Math.min(this.#options.lifetimeMs / 2, MAX_TIMER_MS)
  }

  /** The certificate in force. Made by {@link renew}. */
  get envelope(): Uint8Array {
    if (this.#current === undefined) throw new Error('the certificate was not made yet')
    return this.#current.envelope
  }

  /** Serial of the certificate in force; 0: none was made yet. */
  get serial(): number {
    return this.#current?.serial ?? 0
  }

  /** Of the certificate in force; undefined: none was made yet. */
  get period(): CertificatePeriod | undefined {
    if (this.#current === undefined) return undefined
    const { madeAtMs } = this.#current
    return {
      madeAtMs,
      renewAtMs: madeAtMs + this.renewAfterMs,
      notAfterMs: madeAtMs + this.#options.lifetimeMs,
    }
  }

  /** Another node has this PastelID now: a new certificate, with a higher serial, would take it back. */
  retire(): void {
    this.#isRetired = true
  }

  /** Serials go on above that of an earlier certificate: the clock may have been set back since by a little. */
  goOnFrom(serial: number): void {
    this.#lastSerial = Math.max(this.#lastSerial, serial)
  }

  async renew(): Promise<void> {
    if (this.#isRetired) return
    const { signer, privateKey, describe, prepare } = this.#components
    await prepare?.(Date.now() + this.#options.lifetimeMs).catch(() => {})
    const now = Date.now()
    const next = Math.max(this.#lastSerial + 1, now)
    // Made while the clock was ahead: nobody has accepted such a serial, nor would they until its time has come.
    const serial = next > now + CLOCK_SKEW_MS ? now : next
    this.#lastSerial = serial
    this.#made += 1
    const made = this.#made
    const bytes = encodeCertificate({
      network: this.#options.network,
      subject: signer.publicKey,
      nodeKey: privateKey.publicKey.raw,
      sealingKey: new Uint8Array(0),
      mailboxes: [],
      ...describe(),
      serial,
      notBeforeMs: now - CLOCK_SKEW_MS,
      notAfterMs: now + this.#options.lifetimeMs,
    })
    const text = signedText('certificate', sha256(bytes))
    const signature = await signer.sign(text)
    const nodeSignature = await privateKey.sign(fromUtf8(text))
    // A slow signer may finish an earlier one later.
    if (made < this.#currentMade || this.#isRetired) return
    this.#currentMade = made
    const envelope = makeCertificateEnvelope(signature, nodeSignature, bytes)
    this.#current = { serial, envelope, madeAtMs: now }
    this.#components.onRenewed?.(this.#current.envelope)
  }
}
