import {
  type CertifiedReceipt,
  encodeDirectRequest,
  encodeDirectResponse,
  encodeLogId,
  type LogId,
  MAX_DIRECT_FRAME_BYTES,
  MAX_DIRECT_REFUSED,
  MAX_NUMBER,
} from '@pastel-mesh/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inFrames } from '../src/direct/frame-room.ts'

/** Envelopes of the largest size: PROTOCOL.md §13. */
const MAX_RECEIPT = 64 + 32 * 1024
const MAX_CERTIFICATE = 114 + 64 + 32 * 1024

const sizes = (max: number) => fc.oneof(fc.nat(max), fc.nat(300), fc.constant(max))
const receipts = fc.array(
  fc.record({ receipt: sizes(MAX_RECEIPT), certificate: sizes(MAX_CERTIFICATE) }).map(
    ({ receipt, certificate }): CertifiedReceipt => ({
      receipt: new Uint8Array(receipt),
      certificate: new Uint8Array(certificate),
    }),
  ),
  { maxLength: 400, size: 'max' },
)
/** The most that can stand beside the receipts of an answer. */
const refused = Array.from({ length: MAX_DIRECT_REFUSED }, () => ({
  log: encodeLogId(new Uint8Array(16)) as LogId,
  first: MAX_NUMBER,
  last: MAX_NUMBER,
  reason: 'r'.repeat(64),
}))

test('whatever there is to tell, no frame is too large, and nothing is left out', () => {
  fc.assert(
    fc.property(receipts, (all) => {
      const frames = inFrames(all)
      const told = frames.flat()
      expect(told.length === all.length && told.every((one, i) => one === all[i])).toBe(true)
      for (const [i, frame] of frames.entries()) {
        const request = encodeDirectRequest({ kind: 'receipts', id: MAX_NUMBER, receipts: frame })
        expect(request.length).toBeLessThanOrEqual(MAX_DIRECT_FRAME_BYTES)
        const response = encodeDirectResponse({ id: MAX_NUMBER, receipts: frame, refused, error: '' })
        expect(response.length).toBeLessThanOrEqual(MAX_DIRECT_FRAME_BYTES)
        // Nor are there more frames than need be.
        const next = frames[i + 1]?.[0]
        if (next !== undefined) expect(inFrames([...frame, next])).toHaveLength(2)
      }
    }),
    { numRuns: process.env.PMESH_TEST_FULL === '1' ? 300 : 25 },
  )
})
