import { setTimeout as delay } from 'node:timers/promises'
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'
import { encodePastelId, MeshError, type PastelId } from '@pastel-mesh/identity'
import { type Certificate, type CertificateFrame, equalBytes } from '@pastel-mesh/protocol'
import { TokenBucket } from '../inbound/token-bucket.ts'
import type { MemberRegistry } from '../members/member-registry.ts'
import { AddressBook } from './address-book.ts'
import { bidFarewell, blame, CERTIFICATE_PROTOCOL, CertificateFrames } from './certificate-frames.ts'
import { CertificateJudge, isAboutTime } from './certificate-judge.ts'
import type { CertifiedPeer, Refusal } from './certified-peer.ts'
import type { Certifier } from './certified-streams.ts'
import type { ExchangeWitness } from './exchange-witness.ts'
import { cutOff, hangUp } from './hang-up.ts'
import type { OwnCertificate } from './own-certificate.ts'
import { RefusedError } from './refused-error.ts'
import { Strangers } from './strangers.ts'
import { crowdedOut } from './uncertified-pool.ts'

export type { CertifiedPeer, Refusal } from './certified-peer.ts'

export interface CertificateGateOptions {
  readonly network: string
}

export interface CertificateGateComponents {
  readonly own: OwnCertificate
  readonly registry: MemberRegistry
  readonly onCertified: (peer: CertifiedPeer) => void
  readonly onRefused: (refusal: Refusal) => void
  readonly onGone: (peer: CertifiedPeer) => void
  /** A certified peer showed a newer certificate, which may say other things of it. */
  readonly onRenewed?: (peer: CertifiedPeer) => void
  /** A peer shows a certificate that is older than one which its node key has shown before: it runs twice. */
  readonly onTwice?: (peer: CertifiedPeer) => void
  /** Members that are refused for a while. @default nobody */
  readonly isDenied?: (pastelId: PastelId) => boolean
  /** Forgets a peer that came and went without a certificate. */
  readonly forget?: (peer: PeerId) => void
  /** Hears what the peers show beside their verdicts. @default nobody */
  readonly witness?: ExchangeWitness
  /** Takes the certificates that are accepted. @default one of its own */
  readonly book?: AddressBook
}

/** A connection that has shown no certificate by then is closed. */
const CERTIFY_TIMEOUT_MS = 5_000
/** How often standing is looked at again: expiry of certificates, membership. */
const REVIEW_INTERVAL_MS = 5_000
/** Renewed certificates that a connection may show: each costs two signature checks. */
const RENEWAL_RATE = { perSecond: 1, burst: 8 }

/** Certificates that this node shows for other reasons than their age: the others take one a second. */
const RENEW_SOON_MS = 1_500
/** What changes together is told together. */
const GATHER_MS = 20

type Close = (connection: Connection, reason: string) => void

interface Entry {
  readonly connection: Connection
  readonly ready: PromiseWithResolvers<void>
  readonly timer: NodeJS.Timeout
  readonly renewals: TokenBucket
  /** Certificates are judged one after the other, as they came. */
  judging: Promise<unknown>
  isPresenting: boolean
  isRefused: boolean
  /** Serial of this node's certificate that the other end accepted last. */
  shownSerial: number
  /** The certificate that was shown last and has good signatures, accepted or not. */
  shown?: Certificate | undefined
  /** The other end's certificate, found good last, and its bytes. */
  certificate?: Certificate
  envelope?: Uint8Array
  peer?: CertifiedPeer
}

/**
 * Nothing before the certificate. A connection:
 *
 * ```
 *   open ──▶ uncertified ── both accepted ──▶ certified ── expired, denied, or no member any more ──▶ closed
 *                 │                                                                                  ▲
 *                 └── refused, five seconds, or crowded out by newer ones ───────────────────────────┘
 * ```
 *
 * The dialler opens the stream and shows its certificate; the other end answers with a verdict and its own;
 * the dialler gives its verdict. Either end may open the stream again later to show a renewed certificate.
 */
export class CertificateGate implements Certifier {
  readonly #components: CertificateGateComponents
  readonly #judge: CertificateJudge
  readonly #book: AddressBook
  readonly #entries = new Map<string, Entry>()
  #registrar: Registrar | undefined
  #reviewTimer: NodeJS.Timeout | undefined
  #renewTimer: NodeJS.Timeout | undefined
  /** When the certificate is renewed next and was renewed last; monotonic, in ms. */
  #renewAtMs = Number.POSITIVE_INFINITY
  #renewedMs = Number.NEGATIVE_INFINITY
  readonly #strangers: Strangers
  #isStopped = false

  constructor(options: CertificateGateOptions, components: CertificateGateComponents) {
    const { registry, isDenied = () => false, book = new AddressBook(), forget = () => {} } = components
    this.#components = components
    this.#strangers = new Strangers({ forget })
    this.#book = book
    this.#judge = new CertificateJudge(options, { registry, isDenied, book, own: components.own })
  }

  /** Takes the certificate protocol; call before the first connection. */
  async start(registrar: Registrar): Promise<void> {
    const { own } = this.#components
    this.#registrar = registrar
    await own.renew()
    if (this.#isStopped) return
    await registrar.handle(CERTIFICATE_PROTOCOL, (stream, connection) => this.#answer(stream, connection), {
      maxInboundStreams: 2,
      maxOutboundStreams: 2,
    })
    this.#reviewTimer = setInterval(() => this.review(), REVIEW_INTERVAL_MS)
    this.#renewIn(own.renewAfterMs)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearInterval(this.#reviewTimer)
    clearTimeout(this.#renewTimer)
    for (const { timer } of this.#entries.values()) clearTimeout(timer)
    await this.#registrar?.unhandle(CERTIFICATE_PROTOCOL)
  }

  /** Connections that are known, certified or not. */
  get size(): number {
    return this.#entries.size
  }

  /** A connection was opened, in either direction. */
  opened(connection: Connection): void {
    if (this.#isStopped || connection.status !== 'open' || this.#entries.has(connection.id)) return
    const entry: Entry = {
      connection,
      ready: Promise.withResolvers<void>(),
      timer: setTimeout(() => this.#refuse(entry, 'us', 'timeout', cutOff), CERTIFY_TIMEOUT_MS),
      renewals: new TokenBucket(RENEWAL_RATE),
      judging: Promise.resolve(),
      isPresenting: false,
      isRefused: false,
      shownSerial: 0,
    }
    entry.ready.promise.catch(() => {})
    this.#entries.set(connection.id, entry)
    connection.addEventListener('close', () => this.#closed(entry), { once: true })
    if (connection.direction === 'outbound') void this.#present(entry)
    else this.#makeRoom()
  }

  isCertified(connection: Connection): boolean {
    const entry = this.#entries.get(connection.id)
    return entry?.peer !== undefined && !entry.isRefused
  }

  async whenCertified(connection: Connection): Promise<void> {
    // A stream may be handled before the event that its connection was opened.
    this.opened(connection)
    const entry = this.#entries.get(connection.id)
    if (entry === undefined) throw notCertified('it is closed')
    await entry.ready.promise
  }

  /** Peers whose certificates are accepted, one entry a connection. */
  *peers(): Generator<CertifiedPeer> {
    for (const { peer, isRefused } of this.#entries.values()) if (peer !== undefined && !isRefused) yield peer
  }

  /** What is known of the peer at the other end of a connection. */
  peerOn(connection: Connection): CertifiedPeer | undefined {
    const entry = this.#entries.get(connection.id)
    return entry?.isRefused === false ? entry.peer : undefined
  }

  /** Shows the peers a new certificate, because what it says has changed; not more often than they take one. */
  renewSoon(): void {
    const soonMs = Math.max(performance.now() + GATHER_MS, this.#renewedMs + RENEW_SOON_MS)
    if (soonMs < this.#renewAtMs) this.#renewIn(soonMs - performance.now())
  }

  /** Shows a certificate and takes the other's: at the start by the dialler, later by whoever renewed. */
  async #present(entry: Entry): Promise<void> {
    if (entry.isPresenting || entry.isRefused) return
    entry.isPresenting = true
    let frames: CertificateFrames | undefined
    try {
      frames = await CertificateFrames.open(entry.connection, AbortSignal.timeout(CERTIFY_TIMEOUT_MS))
      const { envelope, serial } = this.#components.own
      await frames.write({ certificate: envelope, verdict: 'none', reason: '' })
      const answer = await frames.read()
      if (answer.verdict !== 'accepted') return await this.#refusedBy(entry, answer, frames)
      const problem = await this.#examine(entry, answer)
      this.#heard(entry, frames)
      if (problem !== undefined) return await this.#refuseFor(entry, problem, frames)
      await frames.write({ verdict: 'accepted', reason: '' })
      entry.shownSerial = serial
      this.#certify(entry)
      await frames.end(true)
    } catch (error) {
      frames?.abort()
      this.#failed(entry, error)
    } finally {
      entry.isPresenting = false
    }
  }

  async #answer(stream: Stream, connection: Connection): Promise<void> {
    this.opened(connection)
    const entry = this.#entries.get(connection.id)
    if (entry === undefined || entry.isRefused) return stream.abort(notCertified('it is being closed'))
    const frames = new CertificateFrames(stream, AbortSignal.timeout(CERTIFY_TIMEOUT_MS))
    try {
      const first = await frames.read()
      if (first.verdict === 'refused') return await this.#refusedBy(entry, first, frames)
      const problem = await this.#examine(entry, first)
      this.#heard(entry, frames)
      if (problem !== undefined) return await this.#refuseFor(entry, problem, frames)
      const { envelope, serial } = this.#components.own
      await frames.write({ certificate: envelope, verdict: 'accepted', reason: '' })
      const last = await frames.read()
      this.#heard(entry, frames)
      if (last.verdict !== 'accepted') return await this.#refusedBy(entry, last, frames)
      entry.shownSerial = serial
      this.#certify(entry)
      await frames.end(false)
    } catch (error) {
      frames.abort()
      this.#failed(entry, error)
    }
  }

  /** @returns why the certificate of a frame is not accepted */
  #examine(entry: Entry, { certificate: envelope }: CertificateFrame): Promise<string | undefined> {
    const examined = entry.judging.then(async () => {
      if (envelope === undefined) return 'malformed'
      if (entry.envelope !== undefined && entry.certificate !== undefined) {
        entry.shown = entry.certificate
        if (equalBytes(entry.envelope, envelope)) return this.#judge.standing(entry.certificate)
        await delay(entry.renewals.delayMs(1))
        entry.renewals.spend(1)
      }
      const judged = await this.#judge.judge(envelope, entry.connection.remotePeer, entry.certificate)
      entry.shown = judged.certificate
      if ('problem' in judged) return judged.problem
      entry.certificate = judged.certificate
      entry.envelope = envelope
      return undefined
    })
    entry.judging = examined.catch(() => {})
    return examined
  }

  #heard({ shown }: Entry, { peerEpochMs }: CertificateFrames): void {
    if (shown !== undefined) this.#components.witness?.shown(shown, peerEpochMs)
  }

  /** Says no and why. */
  async #refuseFor(entry: Entry, problem: string, frames: CertificateFrames): Promise<void> {
    await frames.refuse(problem, this.#judge.groundsOf(problem, entry.shown))
    this.#refuse(entry, 'us', problem)
  }

  /** The other end says no; of what it shows for itself this node learns what is wrong with it. */
  async #refusedBy(entry: Entry, said: CertificateFrame, frames: CertificateFrames): Promise<void> {
    const { reason, certificate, proof } = said
    // First: the other end hangs up while signatures are checked.
    this.#refuse(entry, 'them', reason || 'failed')
    if (certificate !== undefined && isAboutTime(reason)) {
      entry.shown = (await this.#judge.judge(certificate, entry.connection.remotePeer, undefined)).certificate
      this.#heard(entry, frames)
    }
    if (proof !== undefined) await this.#components.witness?.proof(proof)
  }

  #certify(entry: Entry): void {
    const { connection, certificate } = entry
    if (certificate === undefined || connection.status !== 'open' || entry.isRefused) return
    const pastelId = encodePastelId(certificate.subject)
    // Another node of the same PastelID may have been certified since the certificate was judged.
    if (this.#book.isSuperseded(pastelId, certificate)) {
      this.#refuse(entry, 'us', 'superseded')
      return
    }
    const before = entry.peer
    clearTimeout(entry.timer)
    const peer = { peerId: connection.remotePeer.toString(), pastelId, certificate, connection }
    entry.peer = peer
    if (before === undefined && this.#book.isOutdated(pastelId, certificate)) this.#components.onTwice?.(peer)
    this.#book.seen(pastelId, certificate, entry.envelope)
    this.refuseSuperseded(pastelId)
    if (before === undefined) {
      entry.ready.resolve()
      this.#components.onCertified(peer)
    } else if (before.certificate !== certificate) {
      this.#components.onRenewed?.(peer)
    }
  }

  /** A PastelID has one node: those with older certificates go. */
  refuseSuperseded(pastelId: PastelId): void {
    for (const entry of this.#entries.values()) {
      const { peer } = entry
      if (peer?.pastelId !== pastelId || !this.#book.isSuperseded(pastelId, peer.certificate)) continue
      const grounds = this.#judge.groundsOf('superseded', peer.certificate)
      this.#refuse(entry, 'us', 'superseded', (connection) => bidFarewell(connection, 'superseded', grounds))
    }
  }

  /** An exchange broke off. A certified connection goes on: its certificate is shown again at the next review. */
  #failed(entry: Entry, error: unknown): void {
    const { by, reason } = blame(error)
    if (entry.peer === undefined || reason === 'malformed') this.#refuse(entry, by, reason)
  }

  #refuse(entry: Entry, by: Refusal['by'], reason: string, close: Close = hangUp): void {
    if (entry.isRefused || !this.#entries.has(entry.connection.id)) return
    entry.isRefused = true
    clearTimeout(entry.timer)
    const { remotePeer, remoteAddr } = entry.connection
    const pastelId = entry.peer?.pastelId ?? (entry.shown && encodePastelId(entry.shown.subject))
    const refusal = { peerId: remotePeer.toString(), address: remoteAddr.toString(), by, reason }
    const error = new RefusedError(pastelId === undefined ? refusal : { ...refusal, pastelId })
    entry.ready.reject(error)
    this.#components.onRefused(error.refusal)
    close(entry.connection, reason)
  }

  #closed(entry: Entry): void {
    clearTimeout(entry.timer)
    this.#entries.delete(entry.connection.id)
    entry.ready.reject(notCertified('it was closed'))
    if (entry.peer !== undefined) this.#components.onGone(entry.peer)
    else this.#strangers.left(entry.connection.remotePeer)
  }

  #makeRoom(): void {
    const waiting = [...this.#entries.values()].filter(
      ({ peer, isRefused, connection }) =>
        peer === undefined && !isRefused && connection.direction === 'inbound',
    )
    const victim = crowdedOut(waiting)
    if (victim !== undefined) this.#refuse(victim, 'us', 'too-many', cutOff)
  }

  /** Looks at the standing of all again: who is no member any more is cut off. */
  review(): void {
    const { serial } = this.#components.own
    for (const entry of this.#entries.values()) {
      if (entry.peer === undefined || entry.certificate === undefined || entry.isRefused) continue
      const problem = this.#judge.standing(entry.certificate)
      if (problem === undefined) this.#book.seen(entry.peer.pastelId, entry.peer.certificate, entry.envelope)
      if (problem !== undefined) this.#refuse(entry, 'us', problem)
      else if (entry.shownSerial < serial) void this.#present(entry)
    }
    this.#strangers.forget([...this.#entries.values()].map(({ connection }) => connection.remotePeer))
  }

  #renewIn(pauseMs: number): void {
    if (this.#isStopped) return
    clearTimeout(this.#renewTimer)
    this.#renewAtMs = performance.now() + pauseMs
    this.#renewTimer = setTimeout(() => void this.#renew(), pauseMs)
  }

  /** Unless it is to be renewed earlier: something changed while the last one was made. */
  #renewInTime(pauseMs: number): void {
    if (this.#renewAtMs === Number.POSITIVE_INFINITY) this.#renewIn(pauseMs)
  }

  async #renew(): Promise<void> {
    const { own } = this.#components
    this.#renewedMs = performance.now()
    this.#renewAtMs = Number.POSITIVE_INFINITY
    try {
      await own.renew()
    } catch {
      // The certificate in force is good for as long again: there is time for several attempts.
      return this.#renewInTime(own.renewAfterMs / 8)
    }
    this.#renewInTime(own.renewAfterMs)
    for (const entry of this.#entries.values()) if (entry.peer !== undefined) void this.#present(entry)
  }
}

function notCertified(why: string): MeshError {
  return new MeshError('ERR_NOT_CERTIFIED', `the connection has no accepted certificate: ${why}`)
}
