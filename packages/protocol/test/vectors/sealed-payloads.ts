import { encodeBatch, encodeDisclosure, openDisclosure, openSealed, sealingKeyId } from '../../src/index.ts'
import { associatedData } from '../../src/sealed-content.ts'
import { parseSealedPayload } from '../../src/sealed-payload.ts'
import { inboxBatch, SEAL, signBatchBytes } from './batches.ts'
import { type Json, toJson } from './json.ts'

/** The sealed batch of the vectors, step by step, and its disclosure. */
export async function makeSealedPayloads(): Promise<Json> {
  const { recipient, secret, ephemeralSeed, payload } = SEAL
  const parts = parseSealedPayload(inboxBatch.payload)
  await openSealed(inboxBatch, () => recipient)
  const envelope = await signBatchBytes(encodeBatch(inboxBatch), 2)
  const disclosure = encodeDisclosure({ envelope, secret })
  await openDisclosure(disclosure)
  return toJson([
    {
      name: 'the sealed batch of batches.json',
      recipient,
      keyId: sealingKeyId(recipient.publicKey),
      info: Buffer.from('pastel-mesh/seal/1', 'ascii'),
      ephemeralSeed,
      contentKey: secret.subarray(0, 32),
      salt: secret.subarray(32),
      payload,
      associatedData: associatedData(inboxBatch, parts),
      parts,
      sealed: inboxBatch.payload,
      envelope,
      disclosure,
    },
  ])
}
