import type { PeerId } from '@libp2p/interface'
import { encodePastelId, type PastelId } from '@pastel-mesh/identity'
import { type Certificate, isCertificateOf, openCertificate } from '@pastel-mesh/protocol'
import type { MemberRegistry } from '../members/member-registry.ts'
import type { AddressBook } from './address-book.ts'
import { CLOCK_SKEW_MS } from './own-certificate.ts'

export interface CertificateJudgeOptions {
  readonly network: string
}

export interface CertificateJudgeComponents {
  readonly registry: MemberRegistry
  readonly book: AddressBook
  /** Members that are refused for a while because of what their nodes did. */
  readonly isDenied: (pastelId: PastelId) => boolean
}

export type Judgement =
  | { readonly certificate: Certificate }
  /** `pastelId`: whose certificate it is, if its signatures are good and it is of this connection. */
  | { readonly problem: string; readonly pastelId?: PastelId }

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
    return problem === undefined
      ? { certificate }
      : { problem, pastelId: encodePastelId(certificate.subject) }
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
