import type { DirectRequest, DirectResponse, Receipt } from '../src/index.ts'
import {
  decodeDirectRequest,
  decodeDirectResponse,
  decodeLogId,
  encodeDirectRequest,
  encodeDirectResponse,
  encodeReceipt,
  MAX_DIRECT_FRAME_BYTES,
  MAX_RECEIPT_BYTES,
  makeReceiptEnvelope,
  readReceipt,
} from '../src/index.ts'
import type { Codec } from './codecs.ts'
import * as arbitrary from './direct-arbitraries.ts'
import * as schemas from './schemas.ts'

const OUTCOMES = ['entered', 'rejected', 'lost']

const withLogBytes = <T extends { readonly log: string }>(range: T) => ({
  ...range,
  log: decodeLogId(range.log),
})

const receipt: Codec<Receipt> = {
  name: 'receipt',
  schema: schemas.receiptSchema,
  maxBytes: MAX_RECEIPT_BYTES,
  values: arbitrary.receipt,
  encode: encodeReceipt,
  decode: (bytes) => readReceipt(makeReceiptEnvelope(new Uint8Array(64), bytes)),
  fields: (value) => ({
    version: 1,
    ...value,
    ranges: value.ranges.map((range) => ({
      ...withLogBytes(range),
      outcome: OUTCOMES.indexOf(range.outcome),
    })),
  }),
}

const directRequest: Codec<DirectRequest> = {
  name: 'direct request',
  schema: schemas.directRequestSchema,
  maxBytes: MAX_DIRECT_FRAME_BYTES,
  values: arbitrary.directRequest,
  encode: encodeDirectRequest,
  decode: decodeDirectRequest,
  fields: (value) => {
    const { id } = value
    if (value.kind === 'ask') return { id, ask: { ranges: value.ranges.map(withLogBytes) } }
    return value.kind === 'deposit' ? { id, deposit: value } : { id, receipts: value }
  },
}

const directResponse: Codec<DirectResponse> = {
  name: 'direct response',
  schema: schemas.directResponseSchema,
  maxBytes: MAX_DIRECT_FRAME_BYTES,
  values: arbitrary.directResponse,
  encode: encodeDirectResponse,
  decode: decodeDirectResponse,
  fields: (value) => ({ ...value, refused: value.refused.map(withLogBytes) }),
}

/** The wire formats around direct messages; sealed payloads have tests of their own. */
export const directCodecs = [receipt, directRequest, directResponse] as const
