import type { PastelId } from '@pastel-mesh/identity'
import {
  type Certificate,
  equalBytes,
  ProtocolError,
  readCertificate,
  sha256,
  verifyCertificate,
} from '@pastel-mesh/protocol'
import { Limiter } from '../inbound/limiter.ts'
import { TokenBucket } from '../inbound/token-bucket.ts'
import type { MemberRegistry } from '../members/member-registry.ts'
import { pastelIdOf } from '../pastel-id-of.ts'
import { type AddressBook, supersedes } from './address-book.ts'
import { CertificateJudge } from './certificate-judge.ts'

export interface CertificateIntakeOptions {
  readonly network: string
  readonly own: PastelId
}

export interface CertificateIntakeComponents {
  readonly book: AddressBook
  readonly registry: MemberRegistry
  readonly counters: CertificateCounters
}

/** What became of the certificates that others told of. */
export interface CertificateCounters {
  /** Signatures checked. */
  verified: number
  /** Newer than what was known: in the book now. */
  learned: number
  /** The bytes proved them wrong. */
  rejected: number
  /** Not of a member, too old, too many, or too far ahead. */
  ignored: number
}

/** What became of a certificate: `rejected` is what its bytes alone prove wrong. */
export type Taken =
  | { readonly verdict: 'new' | 'known'; readonly pastelId: PastelId }
  | { readonly verdict: 'ignored' | 'rejected'; readonly reason: string }

/** Why a certificate was not even looked at, or could not be checked: it may be taken the next time. */
const FOR_NOW = new Set(['overload', 'rate', 'unchecked'])

/** Whether a certificate was passed over for a reason that is none of its own. */
export function isForNow(taken: Taken): boolean {
  return taken.verdict === 'ignored' && FOR_NOW.has(taken.reason)
}

/** Certificates of one PastelID that are looked at: an honest node makes a new one every 1.5 seconds at most. */
const SUBJECT_RATE = { perSecond: 1, burst: 8 }
const MAX_SUBJECTS = 8_192

/** Certificates that are verified at once: the threads are those that also verify batches and write to the disk. */
const MAX_VERIFYING = 1
/** Those that wait for it: what comes then is for the next exchange of books. */
const MAX_WAITING = 256

/** Takes certificates into the book that others tell of: each is verified once, and only if it would be taken. */
export class CertificateIntake {
  readonly #options: CertificateIntakeOptions
  readonly #components: CertificateIntakeComponents
  readonly #judge: CertificateJudge
  readonly #limiter = new Limiter(MAX_VERIFYING)
  readonly #subjects = new Map<PastelId, TokenBucket>()
  /** Hash of what is being verified → what will become of it. */
  readonly #running = new Map<string, Promise<Taken>>()

  constructor(options: CertificateIntakeOptions, components: CertificateIntakeComponents) {
    const { registry, book } = components
    this.#options = options
    this.#components = components
    // Who is refused for a while still has an address.
    this.#judge = new CertificateJudge(options, { registry, book, isDenied: () => false })
  }

  /** @param source `kept`: it was verified before this start, and is again */
  async take(envelope: Uint8Array, source: 'told' | 'kept' = 'told'): Promise<Taken> {
    const taken = await this.#take(envelope, source)
    const { counters } = this.#components
    if (taken.verdict === 'new') counters.learned += 1
    else if (taken.verdict !== 'known') counters[taken.verdict] += 1
    return taken
  }

  async #take(envelope: Uint8Array, source: 'told' | 'kept'): Promise<Taken> {
    const certificate = read(envelope)
    if (certificate === undefined) return { verdict: 'rejected', reason: 'malformed' }
    if (certificate.network !== this.#options.network) return { verdict: 'rejected', reason: 'other-network' }
    const pastelId = pastelIdOf(certificate.subject)
    const found = this.#look(pastelId, certificate, envelope)
    if (found !== undefined) return found
    const hash = Buffer.from(sha256(envelope)).toString('latin1')
    const running = this.#running.get(hash)
    if (running !== undefined) {
      const taken = await running
      return taken.verdict === 'new' ? { verdict: 'known', pastelId } : taken
    }
    if (this.#running.size >= MAX_WAITING) return { verdict: 'ignored', reason: 'overload' }
    const subject = this.#subject(pastelId)
    if (subject.delayMs(1) > 0) return { verdict: 'ignored', reason: 'rate' }
    // It is kept, and may be a small part of a large frame.
    const copy = new Uint8Array(envelope)
    const verifying = this.#limiter.run(() => this.#verify(pastelId, copy, source, subject))
    this.#running.set(hash, verifying)
    return verifying.finally(() => this.#running.delete(hash))
  }

  async #verify(
    pastelId: PastelId,
    envelope: Uint8Array,
    source: 'told' | 'kept',
    subject: TokenBucket,
  ): Promise<Taken> {
    const certificate = readCertificate(envelope)
    // Of those that came at once, others have used up the subject's share, or brought a newer one.
    if (subject.delayMs(1) > 0) return { verdict: 'ignored', reason: 'rate' }
    const found = this.#look(pastelId, certificate, envelope)
    if (found !== undefined) return found
    try {
      this.#components.counters.verified += 1
      await verifyCertificate(envelope, certificate)
    } catch (error) {
      // That it could not be checked is nobody's fault.
      if (!(error instanceof ProtocolError)) return { verdict: 'ignored', reason: 'unchecked' }
      return { verdict: 'rejected', reason: 'signature' }
    }
    // Only now: others could use up a subject's share with what it never signed.
    subject.spend(1)
    // Its node may have shown another meanwhile.
    const shown = this.#look(pastelId, certificate, envelope)
    if (shown !== undefined) return shown
    this.#components.book.learn(pastelId, certificate, envelope, source)
    return { verdict: 'new', pastelId }
  }

  /** What can be said of a certificate without its signatures; undefined: it is worth checking them. */
  #look(pastelId: PastelId, certificate: Certificate, envelope: Uint8Array): Taken | undefined {
    const { book } = this.#components
    const known = pastelId === this.#options.own ? book.own : book.entry(pastelId)
    if (known?.envelope !== undefined && equalBytes(known.envelope, envelope)) {
      return { verdict: 'known', pastelId }
    }
    const problem = this.#judge.standing(certificate)
    if (problem !== undefined) return { verdict: 'ignored', reason: problem }
    const isOld = pastelId === this.#options.own && !this.#isOfAnother(certificate)
    if (isOld || !book.isNews(pastelId, certificate)) return { verdict: 'ignored', reason: 'superseded' }
    return undefined
  }

  /** Whether a certificate of the own PastelID is that of another node, which takes this one's place. */
  #isOfAnother(certificate: Certificate): boolean {
    const { own } = this.#components.book
    return own !== undefined && supersedes(certificate, own.certificate)
  }

  #subject(pastelId: PastelId): TokenBucket {
    const bucket = this.#subjects.get(pastelId) ?? new TokenBucket(SUBJECT_RATE)
    this.#subjects.delete(pastelId)
    this.#subjects.set(pastelId, bucket)
    if (this.#subjects.size > MAX_SUBJECTS) {
      const [oldest] = this.#subjects.keys()
      if (oldest !== undefined) this.#subjects.delete(oldest)
    }
    return bucket
  }
}

function read(envelope: Uint8Array): Certificate | undefined {
  try {
    return readCertificate(envelope)
  } catch {
    return undefined
  }
}
