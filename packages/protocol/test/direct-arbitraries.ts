import fc from 'fast-check'
import type { CertifiedReceipt, DirectRequest, DirectResponse, Receipt, ReceiptRange } from '../src/index.ts'
import { body, bytes, code, networkName, number, range, time } from './arbitraries.ts'

const receiptRange: fc.Arbitrary<ReceiptRange> = fc
  .tuple(
    range,
    fc.oneof(
      fc.constantFrom(
        { outcome: 'entered', reason: '' } as const,
        { outcome: 'rejected', reason: '' } as const,
        { outcome: 'lost', reason: '' } as const,
      ),
      code.map((reason) => ({ outcome: 'rejected', reason }) as const),
      code.map((reason) => ({ outcome: 'lost', reason }) as const),
    ),
  )
  .map(([where, what]) => ({ ...where, ...what }))

export const receipt: fc.Arbitrary<Receipt> = fc.record({
  network: networkName,
  subject: bytes(57),
  nodeKey: bytes(32),
  store: bytes(16),
  serial: number(),
  createdAtMs: time,
  ranges: fc.array(receiptRange, { minLength: 1 }),
})

const certifiedReceipts: fc.Arbitrary<CertifiedReceipt[]> = fc.array(
  fc.record({ receipt: body, certificate: body }),
  { maxLength: 6 },
)

export const directRequest: fc.Arbitrary<DirectRequest> = fc.oneof(
  fc.record({
    kind: fc.constant('deposit' as const),
    id: number(),
    batches: fc.array(body, { maxLength: 6 }),
  }),
  fc.record({ kind: fc.constant('receipts' as const), id: number(), receipts: certifiedReceipts }),
  fc.record({
    kind: fc.constant('ask' as const),
    id: number(),
    ranges: fc.array(range),
  }),
)

export const directResponse: fc.Arbitrary<DirectResponse> = fc.oneof(
  fc.record({
    id: number(),
    receipts: certifiedReceipts,
    refused: fc.array(fc.tuple(range, code).map(([where, reason]) => ({ ...where, reason }))),
    error: fc.constant(''),
  }),
  fc.record({ id: number(), receipts: fc.constant([]), refused: fc.constant([]), error: code }),
)
