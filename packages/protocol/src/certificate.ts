import { verifySignature } from '@pastel-mesh/identity'
import { Certificate as WireCertificate, CertificateFrame as WireFrame } from '../generated/certificate.js'
import { PUBLIC_KEY_BYTES } from './batch-fields.ts'
import { asBuffer, equalBytes, plain } from './bytes.ts'
import { decodeCanonical } from './canonical.ts'
import { ProtocolError } from './errors.ts'
import { sha256 } from './hash.ts'
import {
  MAX_ADDRESS_BYTES,
  MAX_CERTIFICATE_ADDRESSES,
  MAX_CERTIFICATE_BYTES,
  MAX_CERTIFICATE_MAILBOXES,
  MAX_CERTIFICATE_ROLES,
  MAX_CERTIFICATE_TOPICS,
  NODE_SIGNATURE_BYTES,
  PROTOCOL_VERSION,
  SIGNATURE_BYTES,
} from './limits.ts'
import { isTime } from './message.ts'
import { isNetworkName, isReasonCode, isRoleName, isTopicName } from './names.ts'
import { NODE_KEY_BYTES, verifyNodeSignature } from './node-signature.ts'
import { SEALING_KEY_BYTES } from './sealing-key.ts'
import { signedText } from './signed-text.ts'

/** Both signatures, in front of the certificate bytes. */
const SIGNATURES_BYTES = SIGNATURE_BYTES + NODE_SIGNATURE_BYTES

/** Bytes of a certificate as it travels and is stored. */
export const MAX_CERTIFICATE_ENVELOPE_BYTES = SIGNATURES_BYTES + MAX_CERTIFICATE_BYTES

/** What binds a node key to a PastelID for a while. */
export interface Certificate {
  readonly network: string
  /** Ed448 public key of the PastelID, 57 bytes. */
  readonly subject: Uint8Array
  /** Ed25519 public key of the node, 32 bytes; the PeerId is its identity multihash. */
  readonly nodeKey: Uint8Array
  /** Binary multiaddrs. */
  readonly addresses: readonly Uint8Array[]
  readonly topics: readonly string[]
  readonly roles: readonly string[]
  /** X25519 public key that direct messages to the PastelID are sealed to, 32 bytes; empty: it takes none. */
  readonly sealingKey: Uint8Array
  /** Ed448 public keys, 57 bytes each, of the PastelIDs whose nodes keep direct messages for it; at most 16. */
  readonly mailboxes: readonly Uint8Array[]
  /** The highest serial wins. */
  readonly serial: number
  /** In ms since 1970. */
  readonly notBeforeMs: number
  /** In ms since 1970. */
  readonly notAfterMs: number
}

/** What the ends of a certificate stream say to each other. */
export interface CertificateFrame {
  /** An envelope; absent when only a verdict is given. */
  readonly certificate?: Uint8Array
  readonly verdict: 'none' | 'accepted' | 'refused'
  /** A reason code such as "not-a-member"; empty unless refused. */
  readonly reason: string
  /** The sender's clock when it sent the frame, in ms since 1970. */
  readonly timeMs: number
  /**
   * Only of a refusal as "superseded", which then has no `certificate`: the envelope of the certificate that wins,
   * of the refused PastelID with another node key.
   */
  readonly proof?: Uint8Array
}

/** The reason of a refusal that may carry a proof. */
const SUPERSEDED = 'superseded'

/** @returns the canonical bytes of a certificate, without signatures */
export function encodeCertificate(certificate: Certificate): Uint8Array<ArrayBuffer> {
  return WireCertificate.encode({
    version: PROTOCOL_VERSION,
    network: certificate.network,
    subject: plain(certificate.subject),
    nodeKey: plain(certificate.nodeKey),
    addresses: certificate.addresses.map(plain),
    topics: [...certificate.topics],
    roles: [...certificate.roles],
    sealingKey: plain(certificate.sealingKey),
    mailboxes: certificate.mailboxes.map(plain),
    serial: certificate.serial,
    notBefore: certificate.notBeforeMs,
    notAfter: certificate.notAfterMs,
  })
}

/** PastelID signature ‖ node signature ‖ certificate bytes. Both keys sign the same text. */
export function makeCertificateEnvelope(
  signature: Uint8Array,
  nodeSignature: Uint8Array,
  bytes: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat([signature, nodeSignature, bytes]))
}

/**
 * Opens a certificate and checks both signatures. Whether its network, time and holder are right is for the
 * caller, who knows the connection that it came over.
 * @throws ProtocolError ERR_CERTIFICATE_SIZE, ERR_MALFORMED, ERR_NOT_CANONICAL, ERR_CERTIFICATE_FIELD,
 * ERR_CERTIFICATE_SIGNATURE
 */
export async function openCertificate(envelope: Uint8Array): Promise<Certificate> {
  const certificate = readCertificate(envelope)
  await verifyCertificate(envelope, certificate)
  return certificate
}

/**
 * What a certificate says, its signatures unchecked: for who has it already, or does not want it whatever they are.
 * @throws ProtocolError ERR_CERTIFICATE_SIZE, ERR_MALFORMED, ERR_NOT_CANONICAL, ERR_CERTIFICATE_FIELD
 */
export function readCertificate(envelope: Uint8Array): Certificate {
  if (envelope.length <= SIGNATURES_BYTES || envelope.length > MAX_CERTIFICATE_ENVELOPE_BYTES) {
    throw new ProtocolError(
      'ERR_CERTIFICATE_SIZE',
      `an envelope of ${envelope.length} bytes is no certificate`,
    )
  }
  return decodeCertificate(envelope.subarray(SIGNATURES_BYTES))
}

/**
 * Checks both signatures of what {@link readCertificate} has read.
 * @throws ProtocolError ERR_CERTIFICATE_SIGNATURE
 */
export async function verifyCertificate(envelope: Uint8Array, certificate: Certificate): Promise<void> {
  const signature = envelope.subarray(0, SIGNATURE_BYTES)
  const nodeSignature = envelope.subarray(SIGNATURE_BYTES, SIGNATURES_BYTES)
  const text = signedText('certificate', sha256(envelope.subarray(SIGNATURES_BYTES)))
  if (!(await verifySignature(certificate.subject, text, signature))) {
    throw new ProtocolError('ERR_CERTIFICATE_SIGNATURE', 'the certificate is not signed by its PastelID')
  }
  if (!(await verifyNodeSignature(certificate.nodeKey, text, nodeSignature))) {
    throw new ProtocolError('ERR_CERTIFICATE_SIGNATURE', 'the certificate is not signed by its node key')
  }
}

function decodeCertificate(bytes: Uint8Array): Certificate {
  const wire = decodeCanonical(WireCertificate, bytes, 'certificate', {
    addresses: MAX_CERTIFICATE_ADDRESSES,
    topics: MAX_CERTIFICATE_TOPICS,
    roles: MAX_CERTIFICATE_ROLES,
    mailboxes: MAX_CERTIFICATE_MAILBOXES,
  })
  const problem = findProblem(wire)
  if (problem !== undefined) {
    throw new ProtocolError('ERR_CERTIFICATE_FIELD', `the certificate is malformed: ${problem}`)
  }
  return {
    network: wire.network,
    subject: wire.subject,
    nodeKey: wire.nodeKey,
    addresses: wire.addresses,
    topics: wire.topics,
    roles: wire.roles,
    sealingKey: wire.sealingKey,
    mailboxes: wire.mailboxes,
    serial: wire.serial,
    notBeforeMs: wire.notBefore,
    notAfterMs: wire.notAfter,
  }
}

function findProblem(wire: WireCertificate): string | undefined {
  if (wire.version !== PROTOCOL_VERSION) return `version ${wire.version} is unknown`
  if (!isNetworkName(wire.network)) return 'its network is no network name'
  if (wire.subject.length !== PUBLIC_KEY_BYTES) return `its subject has ${wire.subject.length} bytes, not 57`
  if (wire.nodeKey.length !== NODE_KEY_BYTES) return `its node key has ${wire.nodeKey.length} bytes, not 32`
  if (wire.addresses.some((address) => address.length === 0 || address.length > MAX_ADDRESS_BYTES)) {
    return 'one of its addresses is empty or too long'
  }
  if (!wire.topics.every(isTopicName)) return 'one of its topics is no topic name'
  if (!wire.roles.every(isRoleName)) return 'one of its roles is no role name'
  if (wire.sealingKey.length !== 0 && wire.sealingKey.length !== SEALING_KEY_BYTES) {
    return `its sealing key has ${wire.sealingKey.length} bytes, not 32`
  }
  if (wire.mailboxes.some(({ length }) => length !== PUBLIC_KEY_BYTES)) {
    return 'one of its mailboxes has not the 57 bytes of a PastelID'
  }
  const mailboxes = new Set(wire.mailboxes.map((mailbox) => asBuffer(mailbox).toString('latin1')))
  if (mailboxes.size !== wire.mailboxes.length) return 'it names a mailbox twice'
  if (!isTime(wire.notBefore) || !isTime(wire.notAfter) || wire.notAfter <= wire.notBefore) {
    return 'its times are out of range'
  }
  if (!isTime(wire.serial)) return 'its serial is out of range'
  return undefined
}

const VERDICTS = ['none', 'accepted', 'refused'] as const

export function encodeCertificateFrame(frame: CertificateFrame): Uint8Array {
  return WireFrame.encode({
    certificate: plain(frame.certificate ?? new Uint8Array(0)),
    verdict: VERDICTS.indexOf(frame.verdict),
    reason: frame.reason,
    time: frame.timeMs,
    proof: plain(frame.proof ?? new Uint8Array(0)),
  })
}

/** @throws ProtocolError ERR_CERTIFICATE_SIZE, ERR_MALFORMED, ERR_NOT_CANONICAL */
export function decodeCertificateFrame(bytes: Uint8Array): CertificateFrame {
  if (bytes.length > MAX_CERTIFICATE_FRAME_BYTES) {
    throw new ProtocolError(
      'ERR_CERTIFICATE_SIZE',
      `a certificate frame of ${bytes.length} bytes is too large`,
    )
  }
  const wire = decodeCanonical(WireFrame, bytes, 'certificate frame', undefined)
  const verdict = VERDICTS[wire.verdict]
  if (verdict === undefined) throw new ProtocolError('ERR_MALFORMED', `verdict ${wire.verdict} is unknown`)
  if (verdict === 'refused' ? !isReasonCode(wire.reason) : wire.reason !== '') {
    throw new ProtocolError('ERR_MALFORMED', 'the certificate frame gives no reason code with its verdict')
  }
  if (wire.proof.length > 0 && (wire.reason !== SUPERSEDED || wire.certificate.length > 0)) {
    throw new ProtocolError('ERR_MALFORMED', 'the certificate frame has a proof that belongs to no refusal')
  }
  if (!isTime(wire.time)) throw new ProtocolError('ERR_MALFORMED', 'the certificate frame tells no time')
  return {
    verdict,
    reason: wire.reason,
    timeMs: wire.time,
    ...(wire.certificate.length === 0 ? {} : { certificate: wire.certificate }),
    ...(wire.proof.length === 0 ? {} : { proof: wire.proof }),
  }
}

/** Bytes of a certificate frame at most: one envelope, of whatever certificate, a reason and a time. */
export const MAX_CERTIFICATE_FRAME_BYTES = MAX_CERTIFICATE_ENVELOPE_BYTES + 1024

/** Whether a certificate belongs to a node key. */
export function isCertificateOf(certificate: Certificate, nodeKey: Uint8Array): boolean {
  return equalBytes(asBuffer(certificate.nodeKey), nodeKey)
}
