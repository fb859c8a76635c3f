import { makeBatches, makeMessageIds } from './batches.ts'
import { makeBookFrames } from './book-frames.ts'
import { makeCertificateFrames, makeCertificates } from './certificates.ts'
import { makeCompressedPayloads } from './compressed-payloads.ts'
import { makeDirectFrames } from './direct-frames.ts'
import { formatJson } from './json.ts'
import { makeMalformedBatches } from './malformed-batches.ts'
import { makePastelIds } from './pastel-ids.ts'
import { makePayloads } from './payloads.ts'
import { makeReceipts } from './receipts.ts'
import { makeSealedPayloads } from './sealed-payloads.ts'
import { makeSignedTexts } from './signed-texts.ts'
import { makeSyncFrames } from './sync-frames.ts'

/** Every file of docs/vectors, and its text. */
export async function makeVectors(): Promise<Readonly<Record<string, string>>> {
  return {
    'pastel-ids.json': formatJson(await makePastelIds()),
    'signed-texts.json': formatJson(await makeSignedTexts()),
    'message-ids.json': formatJson(await makeMessageIds()),
    'payloads.json': formatJson(makePayloads()),
    'compressed-payloads.json': formatJson(makeCompressedPayloads()),
    'batches.json': formatJson(await makeBatches()),
    'malformed-batches.json': formatJson(await makeMalformedBatches()),
    'certificates.json': formatJson(await makeCertificates()),
    'certificate-frames.json': formatJson(await makeCertificateFrames()),
    'sync-frames.json': formatJson(await makeSyncFrames()),
    'book-frames.json': formatJson(await makeBookFrames()),
    'sealed-payloads.json': formatJson(await makeSealedPayloads()),
    'receipts.json': formatJson(await makeReceipts()),
    'direct-frames.json': formatJson(await makeDirectFrames()),
  }
}
