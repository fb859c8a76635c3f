import {
  type AskedRange,
  type CertifiedReceiptFrame,
  type DirectRefusalFrame,
  DirectRequest as WireRequest,
  DirectResponse as WireResponse,
} from '../generated/direct.js'
import { plain } from './bytes.ts'
import { decodeCanonical } from './canonical.ts'
import { ProtocolError } from './errors.ts'
import {
  MAX_DIRECT_BATCHES,
  MAX_DIRECT_FRAME_BYTES,
  MAX_DIRECT_RANGES,
  MAX_DIRECT_RECEIPTS,
  MAX_DIRECT_REFUSED,
  MAX_ENVELOPE_BYTES,
  MAX_NUMBER,
} from './limits.ts'
import { decodeLogId, encodeLogId, LOG_ID_BYTES, type LogId } from './log-id.ts'
import { isReasonCode } from './names.ts'
import type { CertifiedReceipt } from './receipt.ts'
import type { LogRange } from './sync.ts'

/** What one end of a direct stream says or asks. */
export type DirectRequest =
  | {
      readonly kind: 'deposit'
      readonly id: number
      /** Envelopes of batches to inboxes, each log's in order; at most 256. */
      readonly batches: readonly Uint8Array[]
    }
  | {
      readonly kind: 'receipts'
      readonly id: number
      /** Of the other end's messages, or for it to pass on; at most 256. */
      readonly receipts: readonly CertifiedReceipt[]
    }
  | {
      readonly kind: 'ask'
      readonly id: number
      /** Of logs of the asker: what became of them, as far as the other end knows; at most 256. */
      readonly ranges: readonly LogRange[]
    }

/** Messages that were not taken. */
export interface DirectRefusal extends LogRange {
  /** A reason code such as "denied". */
  readonly reason: string
}

export interface DirectResponse {
  /** That of the request. */
  readonly id: number
  /** At most 256. */
  readonly receipts: readonly CertifiedReceipt[]
  /** At most 256. */
  readonly refused: readonly DirectRefusal[]
  /** A reason code such as "bad-request", which comes alone: the whole request was refused. Empty: it was not. */
  readonly error: string
}

/** Bytes of batches, or of receipts and their certificates, that a frame carries at most beside its other fields. */
export const MAX_DIRECT_CONTENT_BYTES = MAX_DIRECT_FRAME_BYTES - 64 * 1024
if (MAX_DIRECT_CONTENT_BYTES < MAX_ENVELOPE_BYTES) throw new Error('a deposit cannot carry a batch')

export function encodeDirectRequest(request: DirectRequest): Uint8Array<ArrayBuffer> {
  const { id } = request
  switch (request.kind) {
    case 'deposit':
      return WireRequest.encode({ id, deposit: { batches: request.batches.map(plain) } })
    case 'receipts':
      return WireRequest.encode({ id, receipts: { receipts: request.receipts.map(toFrame) } })
    case 'ask':
      return WireRequest.encode({ id, ask: { ranges: request.ranges.map(toRangeFrame) } })
  }
}

/**
 * Batches, receipts and certificates are bytes still: `openBatch`, `readReceipt` and `readCertificate` read each.
 * @throws ProtocolError ERR_DIRECT_SIZE, ERR_MALFORMED, ERR_NOT_CANONICAL, ERR_DIRECT_FIELD
 */
export function decodeDirectRequest(bytes: Uint8Array): DirectRequest {
  assertSize(bytes, 'request')
  const { id, deposit, receipts, ask } = decodeCanonical(WireRequest, bytes, 'direct request', {
    deposit: { batches: MAX_DIRECT_BATCHES },
    receipts: { receipts: MAX_DIRECT_RECEIPTS },
    ask: { ranges: MAX_DIRECT_RANGES },
  })
  if ([deposit, receipts, ask].filter((part) => part !== undefined).length !== 1) {
    throw new ProtocolError('ERR_DIRECT_FIELD', 'a direct request deposits, brings receipts or asks for them')
  }
  if (deposit !== undefined) return { kind: 'deposit', id, batches: deposit.batches }
  if (receipts !== undefined) return { kind: 'receipts', id, receipts: receipts.receipts }
  return { kind: 'ask', id, ranges: (ask?.ranges ?? []).map(toRange) }
}

export function encodeDirectResponse({
  id,
  receipts,
  refused,
  error,
}: DirectResponse): Uint8Array<ArrayBuffer> {
  return WireResponse.encode({
    id,
    receipts: receipts.map(toFrame),
    refused: refused.map((range) => ({ ...toRangeFrame(range), reason: range.reason })),
    error,
  })
}

/** @throws ProtocolError ERR_DIRECT_SIZE, ERR_MALFORMED, ERR_NOT_CANONICAL, ERR_DIRECT_FIELD */
export function decodeDirectResponse(bytes: Uint8Array): DirectResponse {
  assertSize(bytes, 'response')
  const { id, receipts, refused, error } = decodeCanonical(WireResponse, bytes, 'direct response', {
    receipts: MAX_DIRECT_RECEIPTS,
    refused: MAX_DIRECT_REFUSED,
  })
  if (error !== '') {
    if (!isReasonCode(error)) throw new ProtocolError('ERR_DIRECT_FIELD', 'an error is no reason code')
    if (receipts.length > 0 || refused.length > 0) {
      throw new ProtocolError(
        'ERR_DIRECT_FIELD',
        'a direct response that refuses all says something else too',
      )
    }
  }
  return { id, receipts, refused: refused.map(toRefusal), error }
}

function assertSize(bytes: Uint8Array, what: string): void {
  if (bytes.length > MAX_DIRECT_FRAME_BYTES) {
    throw new ProtocolError(
      'ERR_DIRECT_SIZE',
      `a direct ${what} of ${bytes.length} bytes is larger than ${MAX_DIRECT_FRAME_BYTES}`,
    )
  }
}

function toFrame({ receipt, certificate }: CertifiedReceipt): CertifiedReceiptFrame {
  return { receipt: plain(receipt), certificate: plain(certificate) }
}

function toLogId(log: Uint8Array): LogId {
  if (log.length === LOG_ID_BYTES) return encodeLogId(log)
  throw new ProtocolError('ERR_DIRECT_FIELD', `a log id has ${log.length} bytes, not ${LOG_ID_BYTES}`)
}

function toRangeFrame({ log, first, last }: LogRange): AskedRange {
  return { log: plain(decodeLogId(log)), first, last }
}

function toRange({ log, first, last }: AskedRange): LogRange {
  if (first > last || last > MAX_NUMBER) {
    throw new ProtocolError('ERR_DIRECT_FIELD', 'the positions of a range are out of range')
  }
  return { log: toLogId(log), first, last }
}

function toRefusal({ reason, ...range }: DirectRefusalFrame): DirectRefusal {
  if (!isReasonCode(reason)) throw new ProtocolError('ERR_DIRECT_FIELD', 'a refusal gives no reason code')
  return { ...toRange(range), reason }
}
