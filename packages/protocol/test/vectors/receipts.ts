import {
  encodeReceipt,
  logId,
  makeReceiptEnvelope,
  type Receipt,
  readReceipt,
  sha256,
  signedText,
  verifyReceipt,
} from '../../src/index.ts'
import { testNodeKey, testNodeSeed, testSigner } from '../identities.ts'
import { NOW } from '../samples.ts'
import { field } from '../wire.ts'
import { firstBatch, inboxBatch } from './batches.ts'
import { type Json, refusal, toJson, unhex } from './json.ts'

const { sender, channel, run } = inboxBatch
const log = logId(sender, channel, run)

/** By the recipient of the sealed batch. */
export const delivered: Receipt = {
  network: 'example',
  subject: testSigner(1).publicKey,
  nodeKey: testNodeKey(3).publicKey,
  store: unhex('a0a1a2a3a4a5a6a7a8a9aaabacadaeaf'),
  serial: 1,
  createdAtMs: NOW + 1000,
  ranges: [{ log, first: 0, last: 0, outcome: 'entered', reason: '' }],
}

const mixed: Receipt = {
  ...delivered,
  serial: 2,
  ranges: [
    { log, first: 1, last: 4, outcome: 'rejected', reason: 'key-unknown' },
    { log, first: 5, last: 5, outcome: 'lost', reason: '' },
    { log, first: 6, last: Number.MAX_SAFE_INTEGER, outcome: 'entered', reason: '' },
  ],
}

/** The envelope of receipt bytes, whatever they are. */
export function signReceiptBytes(bytes: Uint8Array, node = 3): Uint8Array {
  return makeReceiptEnvelope(testNodeKey(node).sign(signedText('receipt', sha256(bytes))), bytes)
}

export async function makeReceipts(): Promise<Json> {
  const valid = [
    ['delivered', delivered],
    ['rejected, lost and entered', mixed],
  ] as const
  const made = valid.map(([name, receipt]) => {
    const bytes = encodeReceipt(receipt)
    const hash = sha256(bytes)
    const text = signedText('receipt', hash)
    const signature = testNodeKey(3).sign(text)
    const envelope = makeReceiptEnvelope(signature, bytes)
    return { name, nodeSeed: testNodeSeed(3), receipt, bytes, hash, text, signature, envelope }
  })
  return toJson({ valid: made, refused: await makeRefused() })
}

async function makeRefused() {
  const bytes = encodeReceipt(delivered)
  const changed = (change: Partial<Receipt>) => encodeReceipt({ ...delivered, ...change })
  const withRange = (change: object) => changed({ ranges: [{ ...delivered.ranges[0], ...change }] as never })
  const envelopes: Record<string, Uint8Array> = {
    'signed by another node key': signReceiptBytes(bytes, 4),
    'signed as a certificate': makeReceiptEnvelope(
      testNodeKey(3).sign(signedText('certificate', sha256(bytes))),
      bytes,
    ),
    'a signature and nothing else': new Uint8Array(64),
    'an unknown field': signReceiptBytes(Buffer.concat([bytes, field(9, 1)])),
    'about nothing': signReceiptBytes(changed({ ranges: [] })),
    'a subject of 56 bytes': signReceiptBytes(changed({ subject: firstBatch.sender.subarray(1) })),
    'a range that ends before it begins': signReceiptBytes(withRange({ first: 2, last: 1 })),
    'entered, with a reason': signReceiptBytes(withRange({ reason: 'denied' })),
    'a reason that is no code': signReceiptBytes(withRange({ outcome: 'rejected', reason: 'No!' })),
  }
  const refused = []
  for (const [name, envelope] of Object.entries(envelopes)) {
    const error = await refusal(name, () => verifyReceipt(envelope, readReceipt(envelope)))
    refused.push({ name, envelope, error })
  }
  return refused
}
