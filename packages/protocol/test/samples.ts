import type { Batch, Certificate, Cursor } from '../src/index.ts'
import {
  encodeBatch,
  encodePayload,
  makeEnvelope,
  makeRun,
  topicChannel,
  toWireMessage,
} from '../src/index.ts'
import { testNodeKey, testSigner } from './identities.ts'

/** 2023-11-14T22:13:20Z. */
export const NOW = 1_700_000_000_000

/** A legal batch, the first of its log, with what a test wants otherwise. */
export function sampleBatch(changes: Partial<Batch> = {}): Batch {
  return {
    network: 'example',
    sender: testSigner(1).publicKey,
    channel: topicChannel('prices'),
    run: makeRun(NOW, new Uint8Array(8).fill(5)),
    first: 0,
    count: 1,
    previous: new Uint8Array(32),
    createdAtMs: NOW,
    expiresAtMs: 0,
    encoding: 0,
    payload: encodePayload([toWireMessage({ text: 'hello' }, NOW)]),
    ...changes,
  }
}

/** Its envelope, with a signature that nobody made: opening does not check it. */
export function unsignedEnvelope(batch: Batch): Uint8Array {
  return makeEnvelope(new Uint8Array(114), encodeBatch(batch))
}

export function sampleCertificate(changes: Partial<Certificate> = {}): Certificate {
  return {
    network: 'example',
    subject: testSigner(1).publicKey,
    nodeKey: testNodeKey(1).publicKey,
    addresses: [Buffer.from('047f000001061f90', 'hex')],
    topics: ['prices'],
    roles: ['relay'],
    sealingKey: new Uint8Array(32).fill(6),
    mailboxes: [testSigner(2).publicKey],
    serial: NOW,
    notBeforeMs: NOW,
    notAfterMs: NOW + 86_400_000,
    ...changes,
  }
}

export const sampleCursor: Cursor = {
  store: new Uint8Array(16).fill(3),
  position: 7,
  hash: new Uint8Array(8).fill(4),
}
