import type { Connection, Stream } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'
import { lpStream } from '@libp2p/utils'
import { encodePastelId, MeshError, type PastelId } from '@pastel-mesh/identity'
import {
  type Certificate,
  type CertificateFrame,
  decodeCertificateFrame,
  encodeCertificateFrame,
  isCertificateOf,
  MAX_CERTIFICATE_FRAME_BYTES,
  openCertificate,
} from '@pastel-mesh/protocol'
import type { MemberRegistry } from '../members/member-registry.ts'
import type { Certifier } from './certified-streams.ts'
import { CLOCK_SKEW_MS, type OwnCertificate } from './own-certificate.ts'

/** Protocol on which two nodes show each other their certificates. */
export const CERTIFICATE_PROTOCOL = '/pastel-mesh/certificate/1'

/** What a node knows of a peer that it accepted. */
export interface CertifiedPeer {
  readonly peerId: string
  readonly pastelId: PastelId
  readonly certificate: Certificate
  readonly connection: Connection
}

/** A certificate that was not accepted, by this node or by the other. */
export interface Refusal {
  readonly peerId: string
  readonly address: string
  readonly by: 'us' | 'them'
  /** `not-a-member`, `other-network`, `malformed`, `other-key`, `expired`, `timeout`, `too-many`, `failed` */
  readonly reason: string
}

export interface CertificateGateOptions {
  readonly network: string
}

export interface CertificateGateComponents {
  readonly own: OwnCertificate
  readonly registry: MemberRegistry
  readonly onCertified: (peer: CertifiedPeer) => void
  readonly onRefused: (refusal: Refusal) => void
  readonly onGone: (peer: CertifiedPeer) => void
}

/** A connection that has shown no certificate by then is closed. */
const CERTIFY_TIMEOUT_MS = 5_000
/** Connections without certificate at a time; above it new ones are closed at once. */
const MAX_UNCERTIFIED = 32
/** How often standing is looked at again: expiry of certificates, membership. */
const REVIEW_INTERVAL_MS = 5_000

interface Entry {
  readonly connection: Connection
  readonly ready: PromiseWithResolvers<void>
  readonly timer: NodeJS.Timeout
  certificate?: Certificate
  peer?: CertifiedPeer
}

/**
 * Nothing before the certificate. A connection:
 *
 * ```
 *   open ──▶ uncertified ── both accepted ──▶ certified ── expired, or no member any more ──▶ closed
 *                 │                                                                             ▲
 *                 └── refused, five seconds, or too many of its kind ──────────────────────────┘
 * ```
 *
 * The dialler opens the stream and shows its certificate; the other end answers with a verdict and its own;
 * the dialler gives its verdict. Either end may open the stream again later to show a renewed certificate.
 */
export class CertificateGate implements Certifier {
  readonly #options: CertificateGateOptions
  readonly #components: CertificateGateComponents
  readonly #entries = new Map<string, Entry>()
  #registrar: Registrar | undefined
  #reviewTimer: NodeJS.Timeout | undefined
  #renewTimer: NodeJS.Timeout | undefined

  constructor(options: CertificateGateOptions, components: CertificateGateComponents) {
    this.#options = options
    this.#components = components
  }

  /** Takes the certificate protocol; call before the first connection. */
  async start(registrar: Registrar): Promise<void> {
    this.#registrar = registrar
    await this.#components.own.renew()
    await registrar.handle(CERTIFICATE_PROTOCOL, (stream, connection) => this.#answer(stream, connection), {
      maxInboundStreams: 2,
      maxOutboundStreams: 2,
    })
    this.#reviewTimer = setInterval(() => this.#review(), REVIEW_INTERVAL_MS)
    this.#scheduleRenewal()
  }

  async stop(): Promise<void> {
    clearInterval(this.#reviewTimer)
    clearTimeout(this.#renewTimer)
    await this.#registrar?.unhandle(CERTIFICATE_PROTOCOL)
    for (const entry of this.#entries.values()) clearTimeout(entry.timer)
  }

  /** A connection was opened, in either direction. */
  opened(connection: Connection): void {
    if (this.#entries.has(connection.id)) return
    const uncertified = [...this.#entries.values()].filter(({ peer }) => peer === undefined).length
    const timer = setTimeout(() => this.#refuse(connection, 'us', 'timeout'), CERTIFY_TIMEOUT_MS)
    const entry: Entry = { connection, timer, ready: Promise.withResolvers<void>() }
    entry.ready.promise.catch(() => {})
    this.#entries.set(connection.id, entry)
    connection.addEventListener('close', () => this.#closed(entry), { once: true })
    if (connection.status !== 'open') this.#closed(entry)
    else if (uncertified >= MAX_UNCERTIFIED) this.#refuse(connection, 'us', 'too-many')
    else if (connection.direction === 'outbound') void this.#present(entry)
  }

  isCertified(connection: Connection): boolean {
    return this.#entries.get(connection.id)?.peer !== undefined
  }

  async whenCertified(connection: Connection): Promise<void> {
    // A stream may be handled before the event that its connection was opened.
    this.opened(connection)
    const entry = this.#entries.get(connection.id)
    if (entry === undefined) throw notCertified()
    await entry.ready.promise
  }

  /** Peers whose certificates are accepted, one entry a connection. */
  *peers(): Generator<CertifiedPeer> {
    for (const { peer } of this.#entries.values()) if (peer !== undefined) yield peer
  }

  peerOf(peerId: string): CertifiedPeer | undefined {
    for (const peer of this.peers()) if (peer.peerId === peerId) return peer
    return undefined
  }

  /** Shows a certificate and takes the other's: at the start by the dialler, later by whoever renewed. */
  async #present(entry: Entry): Promise<void> {
    const { connection } = entry
    try {
      const signal = AbortSignal.timeout(CERTIFY_TIMEOUT_MS)
      const stream = await connection.newStream(CERTIFICATE_PROTOCOL, { signal })
      const frames = certificateFrames(stream, signal)
      await frames.write({ certificate: this.#components.own.envelope, verdict: 'none', reason: '' })
      const answer = await frames.read()
      if (answer.verdict !== 'accepted') return this.#refuse(connection, 'them', shortReason(answer.reason))
      const problem = await this.#judge(entry, answer)
      await frames.write({ verdict: problem === undefined ? 'accepted' : 'refused', reason: problem ?? '' })
      await stream.close({ signal })
      if (problem === undefined) this.#certify(entry)
      else this.#refuse(connection, 'us', problem)
    } catch {
      if (entry.peer === undefined) this.#refuse(connection, 'them', 'failed')
    }
  }

  async #answer(stream: Stream, connection: Connection): Promise<void> {
    this.opened(connection)
    const entry = this.#entries.get(connection.id)
    if (entry === undefined) return stream.abort(notCertified())
    try {
      const frames = certificateFrames(stream, AbortSignal.timeout(CERTIFY_TIMEOUT_MS))
      const problem = await this.#judge(entry, await frames.read())
      if (problem !== undefined) {
        await frames.write({ verdict: 'refused', reason: problem })
        await stream.close({ signal: AbortSignal.timeout(1_000) })
        return this.#refuse(connection, 'us', problem)
      }
      await frames.write({ certificate: this.#components.own.envelope, verdict: 'accepted', reason: '' })
      const last = await frames.read()
      if (last.verdict === 'accepted') this.#certify(entry)
      else this.#refuse(connection, 'them', shortReason(last.reason))
    } catch {
      if (entry.peer === undefined) this.#refuse(connection, 'them', 'failed')
      stream.abort(notCertified())
    }
  }

  /** @returns why the certificate is not accepted */
  async #judge(entry: Entry, { certificate: envelope }: CertificateFrame): Promise<string | undefined> {
    let certificate: Certificate
    try {
      certificate = await openCertificate(envelope ?? new Uint8Array(0))
    } catch {
      return 'malformed'
    }
    const { remotePeer } = entry.connection
    if (certificate.network !== this.#options.network) return 'other-network'
    if (remotePeer.publicKey === undefined || !isCertificateOf(certificate, remotePeer.publicKey.raw)) {
      return 'other-key'
    }
    if (certificate.serial < (entry.certificate?.serial ?? 0)) return 'superseded'
    const problem = this.#standing(certificate)
    if (problem === undefined) entry.certificate = certificate
    return problem
  }

  /** @returns why a certificate is not good now */
  #standing(certificate: Certificate): string | undefined {
    const now = Date.now()
    if (certificate.notBeforeMs > now + CLOCK_SKEW_MS || certificate.serial > now + CLOCK_SKEW_MS) {
      return 'from-the-future'
    }
    if (certificate.notAfterMs <= now) return 'expired'
    const member = this.#components.registry.memberAt(encodePastelId(certificate.subject), now)
    return member === undefined ? 'not-a-member' : undefined
  }

  #certify(entry: Entry): void {
    const { connection, certificate } = entry
    if (certificate === undefined || connection.status !== 'open') return
    const isNew = entry.peer === undefined
    clearTimeout(entry.timer)
    entry.peer = {
      peerId: connection.remotePeer.toString(),
      pastelId: encodePastelId(certificate.subject),
      certificate,
      connection,
    }
    if (!isNew) return
    entry.ready.resolve()
    this.#components.onCertified(entry.peer)
  }

  #refuse(connection: Connection, by: Refusal['by'], reason: string): void {
    if (!this.#entries.has(connection.id)) return
    const { remotePeer, remoteAddr } = connection
    this.#components.onRefused({ peerId: remotePeer.toString(), address: remoteAddr.toString(), by, reason })
    const signal = AbortSignal.timeout(1_000)
    connection.close({ signal }).catch((error) => connection.abort(error as Error))
  }

  #closed(entry: Entry): void {
    clearTimeout(entry.timer)
    this.#entries.delete(entry.connection.id)
    entry.ready.reject(notCertified())
    if (entry.peer !== undefined) this.#components.onGone(entry.peer)
  }

  #review(): void {
    for (const { connection, certificate, peer } of this.#entries.values()) {
      if (peer === undefined || certificate === undefined) continue
      const problem = this.#standing(certificate)
      if (problem !== undefined) this.#refuse(connection, 'us', problem)
    }
  }

  #scheduleRenewal(): void {
    this.#renewTimer = setTimeout(() => {
      void this.#renew().finally(() => this.#scheduleRenewal())
    }, this.#components.own.renewAfterMs)
  }

  async #renew(): Promise<void> {
    try {
      await this.#components.own.renew()
    } catch {
      // The certificate in force is good for as long again; the next attempt comes before it ends.
      return
    }
    for (const entry of this.#entries.values()) if (entry.peer !== undefined) void this.#present(entry)
  }
}

function certificateFrames(stream: Stream, signal: AbortSignal) {
  const frames = lpStream(stream, { maxDataLength: MAX_CERTIFICATE_FRAME_BYTES, maxBufferSize: 64 * 1024 })
  return {
    read: async () => decodeCertificateFrame((await frames.read({ signal })).subarray()),
    write: (frame: CertificateFrame) => frames.write(encodeCertificateFrame(frame), { signal }),
  }
}

/** A reason that the other end gave: shown to the operator, so no more than a code. */
function shortReason(reason: string): string {
  return /^[a-z-]{1,32}$/.test(reason) ? reason : 'failed'
}

function notCertified(): MeshError {
  return new MeshError('ERR_NOT_CERTIFIED', 'the connection has no accepted certificate')
}
