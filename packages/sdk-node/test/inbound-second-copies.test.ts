import { randomBytes } from 'node:crypto'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import {
  encodeBatch,
  makeEnvelope,
  packPayload,
  SIGNATURE_BYTES,
  type SignedBatch,
} from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { compressRuns } from '../../protocol/test/zstd-frames.ts'
import { freshWriter, type Inbound, openInbound, stored } from './fixtures/inbound.ts'

/** A tag and its content as they stand in the batch bytes: the version, field 1. */
const VERSION = [0x08, 0x01]

/** A batch whose payload compresses. */
async function validBatch(): Promise<SignedBatch> {
  const writer = freshWriter()
  const bodies = [Buffer.alloc(2000, 'what repeats itself '), Buffer.alloc(500, 'a')]
  const { batch } = await writer.fork().write({ bodies })
  return writer.write({ count: 2, change: packPayload(new Uint8Array(batch.payload)) })
}

const bytesOf = ({ envelope }: SignedBatch) => Buffer.from(envelope.subarray(SIGNATURE_BYTES))
const withBytes = ({ signature }: SignedBatch, bytes: Uint8Array) => makeEnvelope(signature, bytes)
const withPayload = (signed: SignedBatch, payload: Uint8Array, encoding = 1) =>
  withBytes(signed, encodeBatch({ ...signed.batch, encoding, payload }))
const content = ({ batch }: SignedBatch) => zstdDecompressSync(batch.payload)

/** What a relay could make of a batch so that it means the same and is another: it has no key to sign it. */
const encodings: readonly [what: string, make: (signed: SignedBatch) => Uint8Array][] = [
  [
    'an unknown field behind it',
    (signed) => withBytes(signed, Buffer.concat([bytesOf(signed), Buffer.of(0x78, 1)])),
  ],
  [
    'an unknown field before it',
    (signed) => withBytes(signed, Buffer.concat([Buffer.of(0x78, 1), bytesOf(signed)])),
  ],
  ['a field twice', (signed) => withBytes(signed, Buffer.concat([Buffer.from(VERSION), bytesOf(signed)]))],
  [
    'a field in another place',
    (signed) => withBytes(signed, Buffer.concat([bytesOf(signed).subarray(2), Buffer.from(VERSION)])),
  ],
  [
    'a long varint',
    (signed) => withBytes(signed, Buffer.concat([Buffer.of(0x08, 0x81, 0x00), bytesOf(signed).subarray(2)])),
  ],
  [
    'a long tag',
    (signed) => withBytes(signed, Buffer.concat([Buffer.of(0x88, 0x00, 0x01), bytesOf(signed).subarray(2)])),
  ],
  [
    'a default written out',
    (signed) => withBytes(signed, Buffer.concat([bytesOf(signed), Buffer.of(0x58, 0)])),
  ],
  ['zeros behind it', (signed) => withBytes(signed, Buffer.concat([bytesOf(signed), Buffer.alloc(8)]))],
  ['its payload decompressed', (signed) => withPayload(signed, content(signed), 0)],
  [
    'its payload compressed at another level',
    (signed) =>
      withPayload(
        signed,
        zstdCompressSync(content(signed), { params: { [constants.ZSTD_c_compressionLevel]: 19 } }),
      ),
  ],
  ['its payload compressed by hand', (signed) => withPayload(signed, compressRuns(content(signed)))],
  [
    'its payload compressed with a checksum',
    (signed) =>
      withPayload(
        signed,
        zstdCompressSync(content(signed), { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
      ),
  ],
  [
    'an empty frame behind its payload',
    (signed) =>
      withPayload(signed, Buffer.concat([signed.batch.payload, Buffer.from('28b52ffd2000010000', 'hex')])),
  ],
  [
    'a skippable frame behind its payload',
    (signed) =>
      withPayload(signed, Buffer.concat([signed.batch.payload, Buffer.from('502a4d1800000000', 'hex')])),
  ],
  [
    'a byte behind its payload',
    (signed) => withPayload(signed, Buffer.concat([signed.batch.payload, Buffer.of(0)])),
  ],
]

/** These are well formed, but of other bytes than those that were signed. The others are malformed. */
const WELL_FORMED = new Set([
  'its payload decompressed',
  'its payload compressed at another level',
  'its payload compressed by hand',
])

const deliver = async (inbound: Inbound, envelope: Uint8Array) => [
  await stored(inbound.gossip(envelope, { peer: 'relay' })),
  await stored(inbound.sync(envelope, { peer: 'relay' })),
]

test.each(encodings)('a relay cannot mint a second copy with %s', async (what, make) => {
  const signed = await validBatch()
  const copy = make(signed)
  expect(Buffer.compare(copy, signed.envelope)).not.toBe(0)
  const before = await openInbound()
  const refused = { action: 'reject', reason: WELL_FORMED.has(what) ? 'signature' : 'malformed' }
  for (const verdict of await deliver(before, copy)) expect(verdict).toEqual(refused)
  expect(before.store.end).toBe(0)
  // The copy has not kept the true one out, and comes no further behind it.
  expect(await stored(before.gossip(signed.envelope))).toMatchObject({ action: 'accept' })
  for (const verdict of await deliver(before, copy)) expect(verdict).toEqual(refused)
  expect(before.store.end).toBe(2)
})

test('a relay cannot mint a second copy with another signature over the same bytes', async () => {
  const signed = await validBatch()
  const inbound = await openInbound()
  await stored(inbound.gossip(signed.envelope))
  const { verifications } = inbound.counters
  for (const signature of [new Uint8Array(114), randomBytes(114), malleated(signed.signature)]) {
    const copy = makeEnvelope(signature, bytesOf(signed))
    for (const verdict of await deliver(inbound, copy)) {
      expect(verdict).toEqual({ action: 'ignore', reason: 'duplicate' })
    }
  }
  expect(inbound.counters.verifications).toBe(verifications)
  expect(inbound.store.end).toBe(2)
})

test('a signature that stands for the same number is not valid', async () => {
  const signed = await validBatch()
  const inbound = await openInbound()
  const copy = makeEnvelope(malleated(signed.signature), bytesOf(signed))
  expect(await inbound.gossip(copy)).toEqual({ action: 'reject', reason: 'signature' })
  expect(inbound.store.end).toBe(0)
})

/** The order of Ed448's group, little-endian. */
const ORDER = 2n ** 446n - 13818066809895115352007386748515426880336692474882178609894547503885n

/** An Ed448 signature whose second half is greater by the order of the group: the same point equation. */
function malleated(signature: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(signature)
  let s = ORDER
  for (let i = 0; i < 57; i += 1) s += BigInt(signature[57 + i] as number) << BigInt(8 * i)
  for (let i = 0; i < 57; i += 1) copy[57 + i] = Number((s >> BigInt(8 * i)) & 255n)
  return copy
}
