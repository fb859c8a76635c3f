import { type ReceiptRange as WireRange, Receipt as WireReceipt } from '../generated/receipt.js'
import { PUBLIC_KEY_BYTES } from './batch-fields.ts'
import { plain } from './bytes.ts'
import { decodeCanonical } from './canonical.ts'
import { ProtocolError } from './errors.ts'
import { sha256 } from './hash.ts'
import {
  MAX_NUMBER,
  MAX_RECEIPT_BYTES,
  MAX_RECEIPT_RANGES,
  NODE_SIGNATURE_BYTES,
  PROTOCOL_VERSION,
} from './limits.ts'
import { decodeLogId, encodeLogId, LOG_ID_BYTES, type LogId } from './log-id.ts'
import { isTime } from './message.ts'
import { isNetworkName, isReasonCode } from './names.ts'
import { NODE_KEY_BYTES, verifyNodeSignature } from './node-signature.ts'
import { signedText } from './signed-text.ts'
import { STORE_ID_BYTES } from './sync.ts'

/** Bytes of a receipt as it travels and is stored. */
export const MAX_RECEIPT_ENVELOPE_BYTES = NODE_SIGNATURE_BYTES + MAX_RECEIPT_BYTES

const OUTCOMES = ['entered', 'rejected', 'lost'] as const

/**
 * What became of messages: they are stored durably at their place in the order, they were refused for good, or their
 * place was given up because they did not come.
 */
export type ReceiptOutcome = (typeof OUTCOMES)[number]

/** What became of the positions from `first` to `last`, both included, of a log. */
export interface ReceiptRange {
  readonly log: LogId
  readonly first: number
  readonly last: number
  readonly outcome: ReceiptOutcome
  /** Why, unless they entered: a reason code such as "key-unknown", "seal", "expired" or "denied", or empty. */
  readonly reason: string
}

/**
 * What a node says of messages that came to it. The recipient's own says "delivered"; anybody else's of an inbox says
 * "stored as a mailbox".
 */
export interface Receipt {
  readonly network: string
  /** Ed448 public key of the PastelID whose node gives it, 57 bytes. */
  readonly subject: Uint8Array
  /** Ed25519 public key of that node, 32 bytes: it signs. */
  readonly nodeKey: Uint8Array
  /** Of the arrival order that the messages entered, 16 bytes. */
  readonly store: Uint8Array
  /** Grows with each receipt of one store. */
  readonly serial: number
  /** In ms since 1970. */
  readonly createdAtMs: number
  /** 1 to 256. */
  readonly ranges: readonly ReceiptRange[]
}

/** A receipt's envelope, and that of the certificate that binds its node key to its subject. */
export interface CertifiedReceipt {
  readonly receipt: Uint8Array
  readonly certificate: Uint8Array
}

/** @returns the canonical bytes of a receipt, without its signature */
export function encodeReceipt(receipt: Receipt): Uint8Array<ArrayBuffer> {
  return WireReceipt.encode({
    version: PROTOCOL_VERSION,
    network: receipt.network,
    subject: plain(receipt.subject),
    nodeKey: plain(receipt.nodeKey),
    store: plain(receipt.store),
    serial: receipt.serial,
    createdAt: receipt.createdAtMs,
    ranges: receipt.ranges.map(({ log, first, last, outcome, reason }) => ({
      log: plain(decodeLogId(log)),
      first,
      last,
      outcome: OUTCOMES.indexOf(outcome),
      reason,
    })),
  })
}

/** Node signature, 64 bytes, ‖ receipt bytes. */
export function makeReceiptEnvelope(signature: Uint8Array, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat([signature, bytes]))
}

/**
 * What a receipt says, its signature unchecked. That its node is its subject's, only a certificate can tell.
 * @throws ProtocolError ERR_RECEIPT_SIZE, ERR_MALFORMED, ERR_NOT_CANONICAL, ERR_RECEIPT_FIELD
 */
export function readReceipt(envelope: Uint8Array): Receipt {
  if (envelope.length <= NODE_SIGNATURE_BYTES || envelope.length > MAX_RECEIPT_ENVELOPE_BYTES) {
    throw new ProtocolError('ERR_RECEIPT_SIZE', `an envelope of ${envelope.length} bytes is no receipt`)
  }
  const bytes = envelope.subarray(NODE_SIGNATURE_BYTES)
  const wire = decodeCanonical(WireReceipt, bytes, 'receipt', { ranges: MAX_RECEIPT_RANGES })
  const problem = findProblem(wire)
  if (problem !== undefined) {
    throw new ProtocolError('ERR_RECEIPT_FIELD', `the receipt is malformed: ${problem}`)
  }
  return {
    network: wire.network,
    subject: wire.subject,
    nodeKey: wire.nodeKey,
    store: wire.store,
    serial: wire.serial,
    createdAtMs: wire.createdAt,
    ranges: wire.ranges.map(({ log, first, last, outcome, reason }) => ({
      log: encodeLogId(log),
      first,
      last,
      outcome: OUTCOMES[outcome] as ReceiptOutcome,
      reason,
    })),
  }
}

/**
 * Checks the signature of what {@link readReceipt} has read.
 * @throws ProtocolError ERR_RECEIPT_SIGNATURE
 */
export async function verifyReceipt(envelope: Uint8Array, receipt: Receipt): Promise<void> {
  const signature = envelope.subarray(0, NODE_SIGNATURE_BYTES)
  const text = signedText('receipt', sha256(envelope.subarray(NODE_SIGNATURE_BYTES)))
  if (await verifyNodeSignature(receipt.nodeKey, text, signature)) return
  throw new ProtocolError('ERR_RECEIPT_SIGNATURE', 'the receipt is not signed by its node key')
}

function findProblem(wire: WireReceipt): string | undefined {
  if (wire.version !== PROTOCOL_VERSION) return `version ${wire.version} is unknown`
  if (!isNetworkName(wire.network)) return 'its network is no network name'
  if (wire.subject.length !== PUBLIC_KEY_BYTES) return `its subject has ${wire.subject.length} bytes, not 57`
  if (wire.nodeKey.length !== NODE_KEY_BYTES) return `its node key has ${wire.nodeKey.length} bytes, not 32`
  if (wire.store.length !== STORE_ID_BYTES) return `its store has ${wire.store.length} bytes, not 16`
  if (wire.serial > MAX_NUMBER) return 'its serial is out of range'
  if (!isTime(wire.createdAt)) return 'its time is out of range'
  if (wire.ranges.length === 0) return 'it is about nothing'
  for (const range of wire.ranges) {
    const problem = findRangeProblem(range)
    if (problem !== undefined) return problem
  }
  return undefined
}

function findRangeProblem({ log, first, last, outcome, reason }: WireRange): string | undefined {
  if (log.length !== LOG_ID_BYTES) return `the log of a range has ${log.length} bytes, not 16`
  if (first > last || last > MAX_NUMBER) return 'the positions of a range are out of range'
  if (outcome >= OUTCOMES.length) return `outcome ${outcome} is unknown`
  if (reason === '') return undefined
  if (OUTCOMES[outcome] === 'entered') return 'what entered has no reason'
  return isReasonCode(reason) ? undefined : 'the reason of a range is no reason code'
}
