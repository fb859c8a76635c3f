import type { Connection, PrivateKey, Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import type { Signer } from '@pastel-mesh/identity'
import {
  type Certificate,
  type CertificateFrame,
  decodeCertificateFrame,
  encodeCertificate,
  encodeCertificateFrame,
  makeCertificateEnvelope,
  sha256,
  signedText,
} from '@pastel-mesh/protocol'

export const CERTIFICATE_PROTOCOL = '/pastel-mesh/certificate/1'

export interface CertificateFields {
  readonly network: string
  readonly signer: Signer
  readonly nodeKey: PrivateKey
  /** Fields that differ from what a well-behaved node would write. */
  readonly change?: Partial<Certificate>
}

/** A certificate for an hour, with both signatures. */
export async function makeCertificate({
  network,
  signer,
  nodeKey,
  change,
}: CertificateFields): Promise<Uint8Array> {
  const now = Date.now()
  const bytes = encodeCertificate({
    network,
    subject: signer.publicKey,
    nodeKey: nodeKey.publicKey.raw,
    addresses: [],
    topics: [],
    roles: [],
    sealingKey: new Uint8Array(0),
    mailboxes: [],
    serial: now,
    notBeforeMs: now - 60_000,
    notAfterMs: now + 3_600_000,
    ...change,
  })
  const text = signedText('certificate', sha256(bytes))
  const nodeSignature = await nodeKey.sign(new TextEncoder().encode(text))
  return makeCertificateEnvelope(await signer.sign(text), nodeSignature, bytes)
}

/** Frames of the certificate protocol, one at a time, right or wrong. */
export class CertificateExchange {
  readonly stream: Stream
  /** How far its clock is from the right time, in ms. */
  clockOffsetMs = 0
  readonly #frames: ReturnType<typeof lpStream>

  constructor(stream: Stream) {
    this.stream = stream
    this.#frames = lpStream(stream, { maxDataLength: 1024 * 1024 })
  }

  static async open(connection: Connection): Promise<CertificateExchange> {
    return new CertificateExchange(await connection.newStream(CERTIFICATE_PROTOCOL))
  }

  /** @param frame without a time, it tells the right one */
  write(frame: Omit<CertificateFrame, 'timeMs'> & { readonly timeMs?: number }): Promise<void> {
    return this.writeBytes(encodeCertificateFrame({ timeMs: Date.now() + this.clockOffsetMs, ...frame }))
  }

  writeBytes(bytes: Uint8Array): Promise<void> {
    return this.#frames.write(bytes)
  }

  /** @throws if the other end hangs up or says nothing for ten seconds */
  async read(): Promise<CertificateFrame> {
    return decodeCertificateFrame(
      (await this.#frames.read({ signal: AbortSignal.timeout(10_000) })).subarray(),
    )
  }

  /** The dialler's part of the exchange. @returns the other end's verdict */
  async present(certificate: Uint8Array): Promise<CertificateFrame> {
    await this.write({ certificate, verdict: 'none', reason: '' })
    const answer = await this.read()
    if (answer.verdict === 'accepted') await this.write({ verdict: 'accepted', reason: '' })
    return answer
  }
}
