import {
  type Batch,
  encodeBatch,
  inboxChannel,
  logId,
  logIdPair,
  makeEnvelope,
  makeRun,
  messageId,
  openBatch,
  parseMessageId,
  sha256,
  signedText,
  ZERO_HASH,
} from '../../src/index.ts'
import { sealPayloadWith } from '../../src/sealing.ts'
import { testSeed, testSigner } from '../identities.ts'
import { NOW } from '../samples.ts'
import { testSealingKey } from '../sealing-keys.ts'
import { COMPRESSED } from './compressed-payloads.ts'
import { type Json, refusal, toJson, unhex } from './json.ts'
import { everyField, payloadOf } from './payloads.ts'

export const firstRun = makeRun(NOW, unhex('0102030405060708'))
export const laterRun = makeRun(NOW + 3_600_000, unhex('1112131415161718'))

export const firstBatch: Batch = {
  network: 'example',
  sender: testSigner(1).publicKey,
  channel: 'topic/prices',
  run: firstRun,
  first: 0,
  count: 2,
  previous: ZERO_HASH,
  createdAtMs: NOW + 5,
  expiresAtMs: 0,
  encoding: 0,
  payload: payloadOf([{ text: 'hello' }, everyField]),
}

const nextBatch: Batch = {
  ...firstBatch,
  first: 2,
  count: 1,
  previous: sha256(encodeBatch(firstBatch)),
  createdAtMs: NOW + 10,
  expiresAtMs: NOW + 60_000,
  payload: payloadOf([{ bytes: Uint8Array.of(1, 2, 3), type: 'blob' }], NOW + 10),
}

const laterBatch: Batch = {
  ...firstBatch,
  run: laterRun,
  follows: { run: firstRun, head: 2 },
  count: 1,
  previous: sha256(encodeBatch(nextBatch)),
  createdAtMs: NOW + 3_600_000,
  payload: payloadOf([{ text: 'back again' }], NOW + 3_600_000),
}

const inboxHeader: Batch = {
  ...firstBatch,
  sender: testSigner(2).publicKey,
  channel: inboxChannel(testSigner(1).pastelId),
  count: 1,
  expiresAtMs: NOW + 5 + 7 * 24 * 3_600_000,
  encoding: 2,
}

/** What is random in the sealed batch, here fixed. */
export const SEAL = {
  recipient: testSealingKey(1),
  secret: Buffer.concat([Buffer.alloc(32, 0xc0), Buffer.alloc(32, 0x5a)]),
  ephemeralSeed: Buffer.alloc(32, 0xe1),
  payload: payloadOf([{ text: 'for you' }]),
}

export const inboxBatch: Batch = {
  ...inboxHeader,
  payload: (await sealPayloadWith(SEAL, inboxHeader, SEAL.payload, SEAL.recipient.publicKey)).payload,
}

const compressedBatch: Batch = {
  ...firstBatch,
  channel: 'topic/quotes',
  count: COMPRESSED.count,
  encoding: 1,
  payload: unhex(COMPRESSED.frame),
}

/** The batches of the vectors, in the order in which a node might take them in. */
export const batches: readonly { readonly name: string; readonly signedBy: number; readonly batch: Batch }[] =
  [
    { name: 'the first batch of a first run', signedBy: 1, batch: firstBatch },
    { name: 'the next batch of the same log', signedBy: 1, batch: nextBatch },
    {
      name: 'the first batch of a later run, which follows the earlier one',
      signedBy: 1,
      batch: laterBatch,
    },
    { name: 'the first batch of another sender, to an inbox, sealed', signedBy: 2, batch: inboxBatch },
    { name: 'a compressed batch', signedBy: 1, batch: compressedBatch },
  ]

/** The envelope of batch bytes, whatever they are. */
export async function signBatchBytes(bytes: Uint8Array, signedBy: number): Promise<Uint8Array> {
  return makeEnvelope(await testSigner(signedBy).sign(signedText('batch', sha256(bytes))), bytes)
}

export async function makeBatches(): Promise<Json> {
  const made = []
  for (const { name, signedBy, batch } of batches) {
    const bytes = encodeBatch(batch)
    const envelope = await signBatchBytes(bytes, signedBy)
    const { hash, log, signature } = openBatch(envelope)
    const messageIds = Array.from({ length: batch.count }, (_, index) => messageId(log, batch.first + index))
    const text = signedText('batch', hash)
    made.push({
      name,
      seed: testSeed(signedBy),
      batch,
      bytes,
      hash,
      text,
      signature,
      envelope,
      log,
      messageIds,
    })
  }
  return toJson(made)
}

/** Log ids and message ids. */
export async function makeMessageIds(): Promise<Json> {
  const logs = batches
    .map(({ batch: { sender, channel, run } }) => ({ sender, channel, run }))
    .map((names) => ({ ...names, log: logId(names.sender, names.channel, names.run) }))
    .filter(({ log }, index, all) => all.findIndex((other) => other.log === log) === index)
    .map(({ sender, channel, run, log }) => {
      const ids = [0, 1, Number.MAX_SAFE_INTEGER].map((position) => ({
        position,
        id: messageId(log, position),
      }))
      return { sender, channel, run, logBytes: logIdPair(sender, channel, run).bytes, log, ids }
    })
  const log = 'a'.repeat(26)
  const invalid = [
    log,
    `${log}-`,
    `${log}-01`,
    `${log}--1`,
    `${log}-9007199254740992`,
    `${'a'.repeat(25)}b-0`,
    `${log.toUpperCase()}-0`,
    `${log}======-0`,
    `${log}-0 `,
  ]
  for (const text of invalid) await refusal(text, () => parseMessageId(text))
  return toJson({ logs, invalid })
}
