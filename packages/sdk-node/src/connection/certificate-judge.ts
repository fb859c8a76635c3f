import type { PeerId } from '@libp2p/interface'
import { encodePastelId, type PastelId } from '@pastel-mesh/identity'
import { type Certificate, isCertificateOf, openCertificate } from '@pastel-mesh/protocol'
import type { MemberRegistry } from '../members/member-registry.ts'
import type { AddressBook } from './address-book.ts'
import type { Grounds } from './certificate-frames.ts'
import { CLOCK_SKEW_MS, type OwnCertificate } from './own-certificate.ts'

export interface CertificateJudgeOptions {
  readonly network: string
}

export interface CertificateJudgeComponents {
  readonly registry: MemberRegistry
  readonly book: AddressBook
  /** Shown to members whose clock seems to be wrong. @default nothing is */
  readonly own?: Pick<OwnCertificate, 'envelope'>
  /** Members that are refused for a while because of what their nodes did. */
  readonly isDenied: (pastelId: PastelId) => boolean
}

export type Judgement =
  | { readonly certificate: Certificate }
  /** `certificate`: if its signatures are good and it is of this connection. */
  | { readonly problem: string; readonly certificate?: Certificate }

/** Whether a reason of refusal is one that a wrong clock leads to, at either end. */
export function isAboutTime(reason: string): boolean {
  return reason === 'from-the-future' || reason === 'expired'
}

/** Whether a certificate is good: its bytes, and whether it belongs to this network, this peer and this moment. */
export class CertificateJudge {
  readonly #options: CertificateJudgeOptions
  readonly #components: CertificateJudgeComponents

  constructor(options: CertificateJudgeOptions, components: CertificateJudgeComponents) {
    this.#options = options
    this.#components = components
  }

  async judge(envelope: Uint8Array, peer: PeerId, known: Certificate | undefined): Promise<Judgement> {
    let certificate: Certificate
    try {
      certificate = await openCertificate(envelope)
    } catch {
      return { problem: 'malformed' }
    }
    if (certificate.network !== this.#options.network) return { problem: 'other-network' }
    if (peer.publicKey === undefined || !isCertificateOf(certificate, peer.publicKey.raw)) {
      return { problem: 'other-key' }
    }
    if (known !== undefined && certificate.serial < known.serial) return { problem: 'superseded' }
    const problem = this.standing(certificate)
    return problem === undefined ? { certificate } : { problem, certificate }
  }

  /**
   * What a refusal may show for itself: of a PastelID that another node has now, the certificate that wins; to a
   * member whose clock seems to be wrong, this node's own, so that it can compare the clocks.
   */
  groundsOf(problem: string, certificate: Certificate | undefined): Grounds {
    if (certificate === undefined) return {}
    const pastelId = encodePastelId(certificate.subject)
    const { book, registry, own } = this.#components
    if (problem === 'superseded' && book.isSuperseded(pastelId, certificate)) {
      const proof = book.entry(pastelId)?.envelope
      return proof === undefined ? {} : { proof }
    }
    if (!isAboutTime(problem) || registry.memberAt(pastelId, Date.now()) === undefined) return {}
    return own === undefined ? {} : { certificate: own.envelope }
  }

  /** @returns why a certificate is not good now */
  standing(certificate: Certificate): string | undefined {
    const now = Date.now()
    if (certificate.notBeforeMs > now + CLOCK_SKEW_MS || certificate.serial > now + CLOCK_SKEW_MS) {
      return 'from-the-future'
    }
    if (certificate.notAfterMs <= now) return 'expired'
    const pastelId = encodePastelId(certificate.subject)
    if (this.#components.registry.memberAt(pastelId, now) === undefined) return 'not-a-member'
    if (this.#components.book.isSuperseded(pastelId, certificate)) return 'superseded'
    return this.#components.isDenied(pastelId) ? 'denied' : undefined
  }
}
