import { describe, expect, test } from 'vitest'
import {
  decodeBookResponse,
  decodeDirectRequest,
  decodeDirectResponse,
  decodePayload,
  decodeSyncRequest,
  decodeSyncResponse,
  encodePayload,
  encodeSyncRequest,
  encodeSyncResponse,
  openCertificate,
  readReceipt,
  toWireMessage,
} from '../src/index.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { signCertificateBytes, testNodeKey, testSigner } from './identities.ts'
import { NOW, sampleCertificate, sampleCursor } from './samples.ts'
import { certificateSchema, payloadSchema, receiptSchema } from './schemas.ts'
import { encodeBySchema, field, type Schema } from './wire.ts'

/** A list on the wire: where it is, how many entries it may have, and the room that a frame has for it. */
interface List {
  readonly limit: number
  readonly maxFrameBytes: number
  /** A frame with these entries in the list, each given as the bytes of one field. */
  frame(entries: Uint8Array): Uint8Array
  /** The number of the list's field. */
  readonly field: number
  /** A legal entry. */
  readonly entry: Uint8Array
  /** Whether the same entry may not come twice, or not at all: other tests fill these lists. */
  readonly filledElsewhere?: true
  decode(frame: Uint8Array): unknown
}

const certified = (schema: Schema) =>
  encodeBySchema(schema, { version: 1, ...sampleCertificate(), roles: [] })
const openSigned = async (bytes: Uint8Array) =>
  openCertificate(await signCertificateBytes(bytes, testSigner(1), testNodeKey(1)))

const message = encodeBySchema(payloadSchema, {
  messages: [toWireMessage({ text: '' }, NOW)],
}).subarray(2)
const header = Buffer.concat([field(1, 'a'), field(2, 'b')])
const range = Buffer.concat([field(1, new Uint8Array(16)), field(3, 1)])
const head = Buffer.concat([
  field(1, new Uint8Array(57)),
  field(2, 'topic/a'),
  field(3, new Uint8Array(16)),
  field(5, new Uint8Array(32)),
])
const cursor = Buffer.concat([field(1, sampleCursor.store), field(2, 7), field(3, sampleCursor.hash)])

/** The certificate's fields up to those with smaller numbers than a list's, and those after it. */
const aroundCertificateList = (number: number) => {
  const without = Object.fromEntries(
    Object.entries(certificateSchema).filter(([key]) => Number(key) !== number),
  ) as Schema
  const pick = (keep: (key: number) => boolean) =>
    certified(Object.fromEntries(Object.entries(without).filter(([key]) => keep(Number(key)))) as Schema)
  return [pick((key) => key < number), pick((key) => key > number)] as const
}

const certificateList = (number: number, limit: number, entry: Uint8Array): List => ({
  field: number,
  limit,
  entry,
  maxFrameBytes: 32 * 1024,
  frame: (entries) => {
    const [before, after] = aroundCertificateList(number)
    return Buffer.concat([before, entries, after])
  },
  decode: openSigned,
})

const directList = (number: number, entry: Uint8Array): List => ({
  field: 1,
  limit: 256,
  entry,
  maxFrameBytes: 1024 * 1024,
  frame: (entries) => field(number, entries),
  decode: decodeDirectRequest,
})

const aReceipt = {
  version: 1,
  network: 'example',
  subject: new Uint8Array(57),
  nodeKey: new Uint8Array(32),
  store: new Uint8Array(16),
  createdAtMs: NOW,
}

const lists: Readonly<Record<string, List>> = {
  'messages of a payload': {
    field: 1,
    limit: 512,
    entry: message,
    maxFrameBytes: 512 * 1024,
    frame: (entries) => entries,
    decode: (frame) => decodePayload(frame, 512),
  },
  'headers of a message': {
    field: 6,
    limit: 32,
    entry: header,
    filledElsewhere: true,
    maxFrameBytes: 512 * 1024,
    frame: (entries) => field(1, Buffer.concat([message, entries])),
    decode: (frame) => decodePayload(frame, 1),
  },
  'addresses of a certificate': certificateList(5, 16, Buffer.from('address')),
  'topics of a certificate': certificateList(6, 256, Buffer.from('topic')),
  'roles of a certificate': certificateList(7, 16, Buffer.from('role')),
  'mailboxes of a certificate': {
    ...certificateList(9, 16, new Uint8Array(57)),
    filledElsewhere: true,
  },
  'channels of a heads request': {
    field: 2,
    limit: 512,
    entry: Buffer.from('topic/a'),
    maxFrameBytes: 128 * 1024,
    frame: (entries) => field(2, entries),
    decode: decodeSyncRequest,
  },
  'ranges of a ranges request': {
    field: 1,
    limit: 256,
    entry: range,
    maxFrameBytes: 128 * 1024,
    frame: (entries) => field(3, entries),
    decode: decodeSyncRequest,
  },
  'heads of a heads response': {
    field: 4,
    limit: 1024,
    entry: head,
    maxFrameBytes: 1024 * 1024,
    frame: (entries) => field(2, Buffer.concat([field(1, cursor), entries])),
    decode: decodeSyncResponse,
  },
  'batches of a ranges response': {
    field: 1,
    limit: 2048,
    entry: new Uint8Array(3),
    maxFrameBytes: 1024 * 1024,
    frame: (entries) => field(3, entries),
    decode: decodeSyncResponse,
  },
  'denied ranges of a ranges response': {
    field: 2,
    limit: 256,
    entry: range,
    maxFrameBytes: 1024 * 1024,
    frame: (entries) => field(3, entries),
    decode: decodeSyncResponse,
  },
  'pruned ranges of a ranges response': {
    field: 4,
    limit: 256,
    entry: range,
    maxFrameBytes: 1024 * 1024,
    frame: (entries) => field(3, entries),
    decode: decodeSyncResponse,
  },
  'certificates of a book response': {
    field: 3,
    limit: 512,
    entry: new Uint8Array(3),
    maxFrameBytes: 256 * 1024,
    frame: (entries) => Buffer.concat([field(1, Buffer.concat([field(1, sampleCursor.store)])), entries]),
    decode: decodeBookResponse,
  },
  'ranges of a receipt': {
    field: 8,
    limit: 256,
    entry: range,
    maxFrameBytes: 32 * 1024,
    frame: (entries) => Buffer.concat([encodeBySchema(receiptSchema, aReceipt), entries]),
    decode: (frame) => readReceipt(Buffer.concat([new Uint8Array(64), frame])),
  },
  'batches of a deposit': directList(2, new Uint8Array(3)),
  'receipts of a direct request': directList(3, new Uint8Array(0)),
  'ranges of a direct request': directList(4, range),
  'receipts of a direct response': {
    field: 2,
    limit: 256,
    entry: new Uint8Array(0),
    maxFrameBytes: 1024 * 1024,
    frame: (entries) => entries,
    decode: decodeDirectResponse,
  },
  'refused ranges of a direct response': {
    field: 3,
    limit: 256,
    entry: Buffer.concat([range, field(4, 'denied')]),
    maxFrameBytes: 1024 * 1024,
    frame: (entries) => entries,
    decode: decodeDirectResponse,
  },
}

const times = (count: number, bytes: Uint8Array) => Buffer.concat(Array.from({ length: count }, () => bytes))

describe.each(Object.entries(lists))('%s', (_name, list) => {
  const entry = field(list.field, list.entry)

  if (list.filledElsewhere !== true) {
    test('may have as many entries as the limit says', async () => {
      const frame = list.frame(times(list.limit, entry))
      await expect(Promise.resolve(list.decode(frame))).resolves.toBeDefined()
    })
  }

  test('are refused with one entry more', async () => {
    const refusal = await expectProtocolError(
      () => list.decode(list.frame(times(list.limit + 1, entry))),
      'ERR_MALFORMED',
    )
    expect(refusal.cause).toMatchObject({ name: 'MaxLengthError' })
  })

  test('are refused before the rest is read', async () => {
    // Behind the entries is what no decoder could read: whoever got that far would say so.
    const unreadable = new Uint8Array(16).fill(0xff)
    const entries = Buffer.concat([times(list.limit + 1, entry), unreadable])
    const refusal = await expectProtocolError(() => list.decode(list.frame(entries)), 'ERR_MALFORMED')
    expect(refusal.cause).toMatchObject({ name: 'MaxLengthError' })
  })

  test('are refused with as many empty entries as a frame has room for', async () => {
    const room = list.maxFrameBytes - list.frame(new Uint8Array(0)).length - 16
    const frame = list.frame(Buffer.alloc(room - (room % 2), field(list.field, new Uint8Array(0))))
    const refusal = await expectProtocolError(() => list.decode(frame), 'ERR_MALFORMED')
    expect(refusal.cause).toMatchObject({ name: 'MaxLengthError' })
  })
})

describe('frames', () => {
  test('a receipt or direct frame over its limit is refused unread', async () => {
    await expectProtocolError(() => readReceipt(new Uint8Array(64 + 32 * 1024 + 1)), 'ERR_RECEIPT_SIZE')
    await expectProtocolError(() => readReceipt(new Uint8Array(64)), 'ERR_RECEIPT_SIZE')
    const tooLarge = new Uint8Array(1024 * 1024 + 1)
    await expectProtocolError(() => decodeDirectRequest(tooLarge), 'ERR_DIRECT_SIZE')
    await expectProtocolError(() => decodeDirectResponse(tooLarge), 'ERR_DIRECT_SIZE')
  })

  test('a sync frame over its limit is refused unread', async () => {
    await expectProtocolError(() => decodeSyncRequest(new Uint8Array(128 * 1024 + 1)), 'ERR_SYNC_SIZE')
    await expectProtocolError(() => decodeSyncResponse(new Uint8Array(1024 * 1024 + 1)), 'ERR_SYNC_SIZE')
  })

  test('the longest legal requests and heads fit into one', () => {
    const longest = `topic/${'a'.repeat(100)}`
    const channels = Array.from({ length: 512 }, () => longest)
    const request = encodeSyncRequest({
      kind: 'heads',
      id: Number.MAX_SAFE_INTEGER,
      from: sampleCursor,
      channels,
      stored: sampleCursor,
      direct: Array.from({ length: 256 }, () => new Uint8Array(8)),
      sinceMs: 8_640_000_000_000_000,
    })
    expect(decodeSyncRequest(request)).toMatchObject({ channels })
    const one = {
      sender: new Uint8Array(57),
      channel: longest,
      run: new Uint8Array(16),
      hash: new Uint8Array(32),
    }
    const heads = Array.from({ length: 1024 }, () => ({ ...one, position: Number.MAX_SAFE_INTEGER }))
    const response = encodeSyncResponse({
      kind: 'heads',
      id: 1,
      next: sampleCursor,
      more: true,
      reset: true,
      heads,
    })
    expect(decodeSyncResponse(response)).toMatchObject({ heads: { length: 1024 } })
  })

  test('a payload over 512 KiB is refused unread', async () => {
    await expectProtocolError(() => decodePayload(new Uint8Array(512 * 1024 + 1), 1), 'ERR_BATCH_SIZE')
  })

  test('a payload has as many messages as its header says', async () => {
    const payload = encodePayload([1, 2].map((at) => toWireMessage({ text: '' }, at)))
    expect(decodePayload(payload, 2).map(({ createdAtMs }) => createdAtMs)).toEqual([1, 2])
    await expectProtocolError(() => decodePayload(payload, 1), 'ERR_BATCH_COUNT')
    await expectProtocolError(() => decodePayload(payload, 3), 'ERR_BATCH_COUNT')
  })
})
