import {
  type Batch,
  encodeBatch,
  encodePayload,
  MAX_DIRECT_LIFETIME_MS,
  openBatch,
  openPayload,
  sha256,
  toWireMessage,
} from '../../src/index.ts'
import { encodeSealedPayload, parseSealedPayload } from '../../src/sealed-payload.ts'
import { testSigner } from '../identities.ts'
import { NOW } from '../samples.ts'
import { field, varint } from '../wire.ts'
import { compressRuns, runsOf, zstdFrame } from '../zstd-frames.ts'
import { firstBatch, firstRun, inboxBatch, laterRun, signBatchBytes } from './batches.ts'
import { type Json, refusal, toJson, unhex } from './json.ts'
import { payloadOf } from './payloads.ts'

/** A payload of one message that compresses well. */
const longText = payloadOf([{ text: 'a'.repeat(600) }])

const someHash = sha256(new Uint8Array(0))
const { publicKey, pastelId } = testSigner(1)

/** The sealed batch, by the sender of the others. */
const sealed: Batch = { ...inboxBatch, sender: publicKey }

/** Batches that are encoded well and say what nobody may say. */
const illegalFields: Readonly<Record<string, Partial<Batch>>> = {
  'a network name in upper case': { network: 'Example' },
  'a sender of 56 bytes': { sender: publicKey.subarray(1) },
  'a channel that is neither topic nor inbox': { channel: 'prices' },
  'an inbox whose PastelID has a wrong checksum': { channel: `inbox/${pastelId.slice(0, -1)}z` },
  'a run of 15 bytes': { run: firstRun.subarray(1) },
  'a count of 0': { count: 0 },
  'a count of 513': { count: 513 },
  'a previous hash of 31 bytes': { previous: new Uint8Array(31) },
  'a predecessor at the very beginning': { previous: someHash },
  'no predecessor at position 2': { first: 2 },
  'follows at position 2': { first: 2, previous: someHash, follows: { run: laterRun, head: 0 } },
  'follows its own run': { previous: someHash, follows: { run: firstRun, head: 0 } },
  'follows without a predecessor': { follows: { run: laterRun, head: 0 } },
  'a followed run of 15 bytes': { previous: someHash, follows: { run: laterRun.subarray(1), head: 0 } },
  'no time': { createdAtMs: 0 },
  'expired when it was made': { expiresAtMs: firstBatch.createdAtMs },
  'encoding 1 with a payload that is not compressed': { encoding: 1 },
  'a compressed batch to an inbox': {
    channel: `inbox/${pastelId}`,
    encoding: 1,
    payload: compressRuns(longText),
  },
  'encoding 2, sealed, to a topic': { ...sealed, channel: 'topic/prices' },
  'encoding 2 with a payload that is not sealed': { ...sealed, payload: longText },
  'encoding 0 to an inbox': { ...sealed, encoding: 0 },
  'an inbox and no expiry': { ...sealed, expiresAtMs: 0 },
  'an inbox and an expiry after 30 days and a millisecond': {
    ...sealed,
    expiresAtMs: sealed.createdAtMs + MAX_DIRECT_LIFETIME_MS + 1,
  },
  'encoding 3, which nobody knows': { encoding: 3 },
}

/** The first batch in encodings other than the canonical one, and in none. */
function badEncodings(): Record<string, Uint8Array> {
  const bytes = Buffer.from(encodeBatch(firstBatch))
  // It begins with 08 01, the version, and ends with the payload, whose length takes two bytes.
  const afterVersion = bytes.subarray(2)
  const payloadAt = bytes.length - firstBatch.payload.length - 3
  const withVersion = (version: string) => Buffer.concat([unhex(version), afterVersion])
  const beforePayload = (field: Uint8Array) =>
    Buffer.concat([bytes.subarray(0, payloadAt), field, bytes.subarray(payloadAt)])
  const network = bytes.indexOf(firstBatch.network)
  const notUtf8 = Buffer.from(bytes)
  notUtf8.fill(0xff, network, network + firstBatch.network.length)
  return {
    'no bytes': new Uint8Array(0),
    'the last byte missing': bytes.subarray(0, -1),
    'an unknown field at the end': Buffer.concat([bytes, field(14, 1)]),
    'an unknown field before the payload': beforePayload(field(15, 1)),
    'the version twice': withVersion('08010801'),
    'the version at the end': Buffer.concat([afterVersion, unhex('0801')]),
    'the version in two bytes': withVersion('088100'),
    'the version as fixed32': withVersion('0d01000000'),
    'the tag of the version in two bytes': withVersion('880001'),
    'no version': afterVersion,
    'version 2': withVersion('0802'),
    'encoding 0 written out': beforePayload(field(12, 0)),
    'an expiry of 2^53': beforePayload(field(11, 2n ** 53n)),
    'an expiry of 2^64 - 1': beforePayload(field(11, 2n ** 64n - 1n)),
    'a payload longer than the batch': Buffer.concat([
      bytes.subarray(0, payloadAt),
      varint((13 << 3) | 2),
      varint(2 ** 32 - 1),
      firstBatch.payload,
    ]),
    'a network that is not UTF-8': notUtf8,
  }
}

/** Payloads that are refused though the header before them is legal and counts one message. */
function badPayloads(): Record<string, Uint8Array> {
  const wire = toWireMessage({ text: 'hello' }, NOW)
  const changed = (changes: object) => encodePayload([{ ...wire, ...changes }])
  const named = (...names: string[]) => changed({ headers: names.map((name) => ({ name, value: '' })) })
  const message = Buffer.concat([field(1, 'a'), field(4, NOW)])
  return {
    'no message': new Uint8Array(0),
    'two messages': encodePayload([wire, wire]),
    'no type': changed({ type: '' }),
    'a line break in the type': changed({ type: 'a\nb' }),
    'a lone surrogate in the type': changed({ type: '\ud800' }),
    'a type of 129 bytes': changed({ type: 'a'.repeat(129) }),
    'content type 3': changed({ contentType: 3 }),
    'a message without a time': changed({ createdAt: 0 }),
    'a replyTo that is no message id': changed({ replyTo: 'hello' }),
    'repeating what is no message id': changed({ repeats: 'hello' }),
    'headers out of order': named('b', 'a'),
    'a header twice': named('a', 'a'),
    'a header in upper case': named('A'),
    'a header named __proto__': named('__proto__'),
    'a header value of 1025 bytes': changed({ headers: [{ name: 'a', value: 'v'.repeat(1025) }] }),
    '33 headers': named(...Array.from({ length: 33 }, (_, i) => `h${String(i).padStart(2, '0')}`)),
    'an unknown field in a message': field(1, Buffer.concat([message, field(15, 1)])),
    'a message that ends after its payload': Buffer.concat([unhex('0a7f'), message]),
  }
}

/** Payloads of encoding 2 that are refused: nobody opens them, and the lengths of their parts tell. */
function badSeals(): Record<string, Uint8Array> {
  const parts = parseSealedPayload(inboxBatch.payload)
  const cut = (part: keyof typeof parts, from: number) =>
    encodeSealedPayload({ ...parts, [part]: parts[part].subarray(from) })
  return {
    'a commitment of 31 bytes': cut('commitment', 1),
    'a key id of 7 bytes': cut('keyId', 1),
    'an encapsulated key of 31 bytes': cut('encapsulated', 1),
    'a wrapped secret of 79 bytes': cut('wrapped', 1),
    'a sealed content of 16 bytes': cut('content', parts.content.length - 16),
    'no sealed content': cut('content', parts.content.length),
    'a sealed payload and a byte': Buffer.concat([inboxBatch.payload, unhex('00')]),
    'an unknown field in a sealed payload': Buffer.concat([inboxBatch.payload, field(6, 1)]),
    'no payload, sealed': new Uint8Array(0),
  }
}

/** Payloads of encoding 1 that are refused. */
function badFrames(): Record<string, Uint8Array> {
  const blocks = runsOf(longText)
  const contentSize = longText.length
  const frame = Buffer.from(zstdFrame({ contentSize }, ...blocks))
  return {
    'a zstd frame without content size': zstdFrame(
      { contentSize, sizeBytes: 0, windowDescriptor: 0 },
      ...blocks,
    ),
    'a zstd frame with a window': zstdFrame({ contentSize, windowDescriptor: 0 }, ...blocks),
    'a zstd frame with a checksum': Buffer.concat([
      zstdFrame({ contentSize, bits: 4 }, ...blocks),
      unhex('00000000'),
    ]),
    'a zstd frame with a dictionary': zstdFrame({ contentSize, bits: 1, dictionary: unhex('01') }, ...blocks),
    'a zstd frame with the reserved bit': zstdFrame({ contentSize, bits: 8 }, ...blocks),
    'a zstd frame that says too little': zstdFrame({ contentSize: contentSize - 1 }, ...blocks),
    'a zstd frame that says too much': zstdFrame({ contentSize: contentSize + 1 }, ...blocks),
    'a zstd frame that says 512 KiB and a byte': zstdFrame(
      { contentSize: 524_289 },
      ...runsOf(Buffer.alloc(524_289)),
    ),
    'a zstd frame cut short': frame.subarray(0, -1),
    'a zstd frame and a byte': Buffer.concat([frame, unhex('00')]),
    'two zstd frames': Buffer.concat([frame, frame]),
    'a zstd frame behind a skippable one': Buffer.concat([unhex('502a4d1800000000'), frame]),
    'a zstd frame that is longer than its content': zstdFrame({ contentSize: 20 }, longText.subarray(0, 20)),
    'a zstd frame of empty blocks': zstdFrame(
      { contentSize },
      ...Array(9).fill(new Uint8Array(0)),
      ...blocks,
    ),
    'no messages, compressed': compressRuns(Buffer.alloc(600, 7)),
  }
}

/** All of them carry a good signature: that is not what they are refused for. */
export async function makeMalformedBatches(): Promise<Json> {
  const bytes = badEncodings()
  for (const [name, changes] of Object.entries(illegalFields)) {
    bytes[name] = encodeBatch({ ...firstBatch, ...changes })
  }
  for (const [name, payload] of Object.entries(badPayloads())) {
    bytes[name] = encodeBatch({ ...firstBatch, count: 1, payload })
  }
  for (const [name, payload] of Object.entries(badFrames())) {
    bytes[name] = encodeBatch({ ...firstBatch, count: 1, encoding: 1, payload })
  }
  for (const [name, payload] of Object.entries(badSeals())) {
    bytes[name] = encodeBatch({ ...sealed, payload })
  }
  const made = []
  for (const [name, content] of Object.entries(bytes)) {
    const envelope = await signBatchBytes(content, 1)
    const error = await refusal(name, () => {
      return openPayload(openBatch(envelope).batch)
    })
    made.push({ name, envelope, error })
  }
  return toJson(made)
}
