import {
  type Batch,
  encodePayload,
  inboxChannel,
  MAX_DIRECT_LIFETIME_MS,
  openBatch,
  type SealingKeyPair,
  sealingKeyId,
  sealPayload,
  toWireMessage,
} from '../src/index.ts'
import { testSigner } from './identities.ts'
import { NOW, sampleBatch, unsignedEnvelope } from './samples.ts'
import { testSealingKey } from './sealing-keys.ts'

/** A batch to the inbox of the second test identity, its payload to be sealed. */
export const sealedHeader = sampleBatch({
  channel: inboxChannel(testSigner(2).pastelId),
  encoding: 2,
  expiresAtMs: NOW + MAX_DIRECT_LIFETIME_MS,
})

export const plainPayload = encodePayload([toWireMessage({ text: 'between us' }, NOW)])

/** The payload, or another one, sealed to the first test key. */
export async function sealSample({
  header = sealedHeader,
  payload = plainPayload as Uint8Array,
} = {}): Promise<{ batch: Batch; secret: Uint8Array }> {
  const sealed = await sealPayload(header, payload, testSealingKey(1).publicKey)
  const { batch } = openBatch(unsignedEnvelope({ ...header, payload: sealed.payload }))
  return { batch, secret: sealed.secret }
}

/** Finds a pair by the id that the batch names. */
export const keyOf = (pair: SealingKeyPair) => (id: string) =>
  id === sealingKeyId(pair.publicKey) ? pair : undefined
