import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  encodeBatch,
  encodeBookRequest,
  encodeBookResponse,
  encodeCertificateFrame,
  encodeDirectRequest,
  encodeDirectResponse,
  encodePayload,
  encodeReceipt,
  encodeSyncRequest,
  encodeSyncResponse,
  makeEnvelope,
  makeReceiptEnvelope,
  ProtocolError,
  toWireMessage,
} from '../src/index.ts'
import { encodeSealedPayload } from '../src/sealed-payload.ts'
import * as arbitrary from './arbitraries.ts'
import { RUNS } from './arbitraries.ts'
import { DECODERS, type DecoderName, growCorpus, readCorpus } from './corpus.ts'
import * as direct from './direct-arbitraries.ts'
import { compressRuns } from './zstd-frames.ts'

const payloads = fc
  .tuple(arbitrary.messageInput, arbitrary.time)
  .map(([input, at]) => encodePayload([toWireMessage(input, at)]))

/** Valid input of each decoder, or nearly: the signatures of certificates are none. */
const VALID: Readonly<Record<DecoderName, fc.Arbitrary<Uint8Array>>> = {
  batch: arbitrary.batch.map((batch) => makeEnvelope(new Uint8Array(114), encodeBatch(batch))),
  payload: payloads,
  'compressed-payload': fc
    .tuple(fc.integer({ min: 300, max: 5000 }), arbitrary.time)
    .map(([length, at]) => compressRuns(encodePayload([toWireMessage({ text: 'a'.repeat(length) }, at)]))),
  certificate: fc.constantFrom(...readCorpus('certificate').map(({ bytes }) => bytes)),
  'certificate-frame': arbitrary.certificateFrame.map(encodeCertificateFrame),
  'sync-request': arbitrary.syncRequest.map(encodeSyncRequest),
  'sync-response': arbitrary.syncResponse.map(encodeSyncResponse),
  'book-request': arbitrary.bookRequest.map(encodeBookRequest),
  'book-response': arbitrary.bookResponse.map(encodeBookResponse),
  'sealed-payload': arbitrary.sealedPayload.map(encodeSealedPayload),
  receipt: direct.receipt.map((receipt) => makeReceiptEnvelope(new Uint8Array(64), encodeReceipt(receipt))),
  'direct-request': direct.directRequest.map(encodeDirectRequest),
  'direct-response': direct.directResponse.map(encodeDirectResponse),
}

/** Pieces of valid and of bad input, one behind the other, with some bytes flipped. */
function spliced(decoder: DecoderName): fc.Arbitrary<Uint8Array> {
  const small = readCorpus(decoder)
    .map(({ bytes }) => bytes)
    .filter(({ length }) => length < 4096)
  const piece = fc
    .tuple(fc.oneof(VALID[decoder], fc.constantFrom(...small)), fc.nat(), fc.nat())
    .map(([bytes, from, to]) => {
      const start = from % (bytes.length + 1)
      return from % 3 === 0 ? bytes : bytes.subarray(start, start + (to % (bytes.length - start + 1)))
    })
  const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { maxLength: 4 })
  return fc.tuple(fc.array(piece, { minLength: 1, maxLength: 4 }), flips).map(([pieces, changes]) => {
    const bytes = new Uint8Array(Buffer.concat(pieces))
    for (const [at, change] of changes) {
      if (bytes.length > 0) bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ change
    }
    return bytes
  })
}

describe.each(Object.keys(DECODERS) as DecoderName[])('%s', (decoder) => {
  test('spliced of good and bad input is decoded or refused, and nothing else', async () => {
    let refused = 0
    await fc.assert(
      fc.asyncProperty(spliced(decoder), async (bytes) => {
        try {
          await DECODERS[decoder](bytes)
        } catch (error) {
          if (error instanceof ProtocolError) refused += 1
          else {
            growCorpus(decoder, `found by splicing: ${(error as Error).name}`, bytes)
            throw error
          }
        }
      }),
      { numRuns: RUNS },
    )
    expect(refused).toBeGreaterThan(RUNS / 10)
  })
})
