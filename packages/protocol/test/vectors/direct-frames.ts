import {
  type DirectRequest,
  type DirectResponse,
  encodeBatch,
  encodeDirectRequest,
  encodeDirectResponse,
  encodeReceipt,
  logId,
} from '../../src/index.ts'
import { signCertificate, testNodeKey, testSigner } from '../identities.ts'
import { sampleCertificate } from '../samples.ts'
import { inboxBatch, signBatchBytes } from './batches.ts'
import { type Json, toJson } from './json.ts'
import { delivered, signReceiptBytes } from './receipts.ts'

/** What is said on the stream of direct messages. */
export async function makeDirectFrames(): Promise<Json> {
  const { sender, channel, run } = inboxBatch
  const log = logId(sender, channel, run)
  const envelope = await signBatchBytes(encodeBatch(inboxBatch), 2)
  const nodeKey = testNodeKey(3)
  const certificate = await signCertificate(
    sampleCertificate({ nodeKey: nodeKey.publicKey }),
    testSigner(1),
    nodeKey,
  )
  const receipts = [{ receipt: signReceiptBytes(encodeReceipt(delivered)), certificate }]
  const requests: Record<string, DirectRequest> = {
    'a deposit': { kind: 'deposit', id: 1, batches: [envelope] },
    'receipts, handed on': { kind: 'receipts', id: 2, receipts },
    'a question for receipts': { kind: 'ask', id: 3, ranges: [{ log, first: 0, last: 6 }] },
    'an empty deposit': { kind: 'deposit', id: 0, batches: [] },
  }
  const responses: Record<string, DirectResponse> = {
    delivered: { id: 1, receipts, refused: [], error: '' },
    'not taken': {
      id: 1,
      receipts: [],
      refused: [{ log, first: 0, last: 0, reason: 'not-a-mailbox' }],
      error: '',
    },
    'nothing known': { id: 3, receipts: [], refused: [], error: '' },
    'a refusal of the whole request': { id: 4, receipts: [], refused: [], error: 'bad-request' },
  }
  return toJson({
    requests: Object.entries(requests).map(([name, value]) => ({
      name,
      value,
      bytes: encodeDirectRequest(value),
    })),
    responses: Object.entries(responses).map(([name, value]) => ({
      name,
      value,
      bytes: encodeDirectResponse(value),
    })),
  })
}
