import { encodePastelId } from '@pastel-mesh/identity'
import fc from 'fast-check'
import type { SealedPayload } from '../generated/seal.js'
import type {
  Batch,
  BookRequest,
  BookResponse,
  Certificate,
  CertificateFrame,
  Cursor,
  Head,
  LogRange,
  MessageInput,
  SyncRequest,
  SyncResponse,
} from '../src/index.ts'
import {
  encodeLogId,
  inboxChannel,
  MAX_DIRECT_LIFETIME_MS,
  MAX_NUMBER,
  MAX_TIME_MS,
  messageId,
} from '../src/index.ts'
import { encodeSealedPayload } from '../src/sealed-payload.ts'
import { hex } from './hex.ts'
import { testNodeKey, testSigner } from './identities.ts'

/** Cases a property is tried with. */
export const RUNS = process.env.PMESH_TEST_FULL === undefined ? 200 : 2000

export const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })

/** Legal numbers, with those at which a varint grows by a byte. */
export const number = (min = 0, max = MAX_NUMBER) =>
  fc.oneof(
    fc.integer({ min, max }),
    fc.integer({ min, max: Math.min(max, min + 300) }),
    fc.integer({ min: 1, max: 7 }).map((n) => Math.min(max, Math.max(min, 2 ** (7 * n)))),
    fc.integer({ min: 1, max: 7 }).map((n) => Math.min(max, Math.max(min, 2 ** (7 * n) - 1))),
    fc.constantFrom(min, max),
  )

export const time = number(1, MAX_TIME_MS)

export const networkName = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/)
export const topicName = fc
  .stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,30}(\/[A-Za-z0-9][A-Za-z0-9._-]{0,20}){0,3}$/)
  .filter((name) => name.length <= 100)
export const pastelId = bytes(57).map(encodePastelId)
const topic = topicName.map((name) => `topic/${name}`)
const inbox = pastelId.map(inboxChannel)
export const channel = fc.oneof(topic, inbox)
export const code = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/)

/** Bytes around the lengths at which a length varint grows, and others. */
export const body = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.constantFrom(0, 127, 128, 16_383, 16_384).map((length) => new Uint8Array(length).fill(7)),
)

const hash = bytes(32).filter((value) => value.some((byte) => byte !== 0))

/** Legal chain fields: a beginning, a continuation, or one that follows an earlier run. */
const chain = fc.oneof(
  fc.record({ first: fc.constant(0), previous: fc.constant(new Uint8Array(32)) }),
  fc.record({ first: number(1, MAX_NUMBER - 512), previous: hash }),
  fc.record({
    first: fc.constant(0),
    previous: hash,
    follows: fc.record({ run: bytes(16), head: number() }),
  }),
)

/** What is in a sealed payload, of the right lengths. */
export const sealedPayload: fc.Arbitrary<SealedPayload> = fc.record({
  commitment: bytes(32),
  keyId: bytes(8),
  encapsulated: bytes(32),
  wrapped: bytes(80),
  content: fc.oneof(
    fc.uint8Array({ minLength: 17, maxLength: 200 }),
    fc.constantFrom(17, 127, 128, 16_383, 16_384).map((length) => new Uint8Array(length).fill(7)),
  ),
})

const times = (maxLifetimeMs: number) =>
  number(1, MAX_TIME_MS - 1).chain((createdAtMs) =>
    number(createdAtMs + 1, Math.min(MAX_TIME_MS, createdAtMs + maxLifetimeMs)).map((expiresAtMs) => ({
      createdAtMs,
      expiresAtMs,
    })),
  )

/** Where a batch goes, and what hangs on it. */
interface Destination extends Pick<Batch, 'channel' | 'encoding' | 'payload'> {
  readonly times: Pick<Batch, 'createdAtMs' | 'expiresAtMs'>
}

const toTopic: fc.Arbitrary<Destination> = fc.record({
  channel: topic,
  times: fc.oneof(
    time.map((createdAtMs) => ({ createdAtMs, expiresAtMs: 0 })),
    times(MAX_TIME_MS),
  ),
  encoding: fc.constant(0),
  payload: body,
})

const toInbox: fc.Arbitrary<Destination> = fc.record({
  channel: inbox,
  times: times(MAX_DIRECT_LIFETIME_MS),
  encoding: fc.constant(2),
  payload: sealedPayload.map(encodeSealedPayload),
})

const batchOf = (destination: fc.Arbitrary<Destination>): fc.Arbitrary<Batch> =>
  fc
    .record({
      network: networkName,
      sender: bytes(57),
      run: bytes(16),
      chain,
      count: number(1, 512),
      destination,
    })
    .filter(({ chain, run }) => !('follows' in chain) || Buffer.compare(chain.follows.run, run) !== 0)
    .map(({ chain, destination: { times, ...goes }, ...rest }) => ({ ...rest, ...goes, ...chain, ...times }))

export const topicBatch = batchOf(toTopic)
export const batch = batchOf(fc.oneof(toTopic, toInbox))

/** Text without control characters, of at most 120 bytes. */
const messageType = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 30 })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a type must not have
  .filter((text) => !/[\u0000-\u001f\u007f]/.test(text))

const headerName = fc.oneof(
  fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,63}$/),
  fc.constantFrom('constructor', 'prototype', 'a', 'a-', 'aa'),
)

export const messageInput: fc.Arbitrary<MessageInput> = fc
  .record({
    content: fc.oneof(
      fc.record({ text: fc.string({ unit: 'binary', maxLength: 100 }) }),
      fc.record({ json: fc.jsonValue({ maxDepth: 2 }) }),
      fc.record({ bytes: body }),
    ),
    options: fc.record(
      {
        type: messageType,
        replyTo: fc.tuple(bytes(16), number()).map(([log, at]) => messageId(encodeLogId(log), at)),
        headers: fc.dictionary(headerName, fc.string({ unit: 'binary', maxLength: 80 }), {
          maxKeys: 6,
          noNullPrototype: true,
        }),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ content, options }) => ({ ...options, ...content }) as MessageInput)

/** Certificates of the first test identity: their signatures have to verify. */
export const certificate: fc.Arbitrary<Certificate> = fc
  .record({
    network: networkName,
    addresses: fc.array(fc.uint8Array({ minLength: 1, maxLength: 512 }), { maxLength: 16 }),
    topics: fc.array(topicName, { maxLength: 20 }),
    roles: fc.array(networkName, { maxLength: 16 }),
    sealingKey: fc.oneof(fc.constant(new Uint8Array(0)), bytes(32)),
    mailboxes: fc.uniqueArray(bytes(57), { maxLength: 16, selector: hex }),
    serial: time,
    notBeforeMs: number(1, MAX_TIME_MS - 1),
    lifetimeMs: number(1, 2 ** 40),
  })
  .map(({ lifetimeMs, ...rest }) => ({
    ...rest,
    subject: testSigner(1).publicKey,
    nodeKey: testNodeKey(1).publicKey,
    notAfterMs: Math.min(MAX_TIME_MS, rest.notBeforeMs + lifetimeMs),
  }))

const envelope = fc.uint8Array({ minLength: 1, maxLength: 300 })

export const certificateFrame: fc.Arbitrary<CertificateFrame> = fc
  .record({
    verdict: fc.oneof(
      fc.constantFrom({ verdict: 'none', reason: '' } as const, { verdict: 'accepted', reason: '' } as const),
      code.map((reason) => ({ verdict: 'refused', reason }) as const),
    ),
    shown: fc.oneof(
      fc.constant({}),
      envelope.map((certificate) => ({ certificate })),
      envelope.map((proof) => ({ verdict: 'refused', reason: 'superseded', proof }) as const),
    ),
    timeMs: time,
  })
  .map(({ verdict, shown, timeMs }) => ({ ...verdict, ...shown, timeMs }))

const cursor: fc.Arbitrary<Cursor> = fc.oneof(
  bytes(16).map((store) => ({ store, position: 0, hash: new Uint8Array(0) })),
  fc.record({ store: bytes(16), position: number(1), hash: bytes(8) }),
)

export const range: fc.Arbitrary<LogRange> = fc
  .tuple(bytes(16), number(), number())
  .map(([log, a, b]) => ({ log: encodeLogId(log), first: Math.min(a, b), last: Math.max(a, b) }))

const head: fc.Arbitrary<Head> = fc.record({
  sender: bytes(57),
  channel,
  run: bytes(16),
  position: number(),
  hash: bytes(32),
})

export const syncRequest: fc.Arbitrary<SyncRequest> = fc.oneof(
  fc
    .record({
      from: fc.option(cursor, { nil: undefined }),
      stored: fc.option(cursor, { nil: undefined }),
      direct: fc.array(bytes(8)),
      id: number(),
      channels: fc.array(channel),
      sinceMs: fc.option(time, { nil: undefined }),
    })
    .map(({ from, stored, direct, sinceMs, ...rest }) => ({
      kind: 'heads' as const,
      ...rest,
      ...(from && { from }),
      ...(stored && { stored }),
      ...(direct.length > 0 && { direct }),
      ...(sinceMs !== undefined && { sinceMs }),
    })),
  fc
    .record({
      kind: fc.constant('ranges' as const),
      id: number(),
      ranges: fc.array(range),
      maxBytes: number(0, 2 ** 32 - 1),
      sinceMs: fc.option(time, { nil: undefined }),
    })
    .map(({ sinceMs, ...rest }) => ({ ...rest, ...(sinceMs !== undefined && { sinceMs }) })),
)

export const syncResponse: fc.Arbitrary<SyncResponse> = fc.oneof(
  fc
    .record({
      kind: fc.constant('heads' as const),
      id: number(),
      next: cursor,
      more: fc.boolean(),
      reset: fc.boolean(),
      heads: fc.array(head),
      timeMs: fc.option(time, { nil: undefined }),
    })
    .map(({ timeMs, ...rest }) => ({ ...rest, ...(timeMs === undefined ? {} : { timeMs }) })),
  fc.record({
    kind: fc.constant('ranges' as const),
    id: number(),
    batches: fc.array(body),
    denied: fc.array(range),
    pruned: fc.array(range),
    done: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('error' as const), id: number(), error: code }),
)

const bookCursor = fc.record({ book: bytes(16), position: number() })

export const bookRequest: fc.Arbitrary<BookRequest> = fc
  .record({ from: fc.option(bookCursor, { nil: undefined }), maxBytes: number(1, 2 ** 32 - 1) })
  .map(({ from, maxBytes }) => ({ maxBytes, ...(from && { from }) }))

export const bookResponse: fc.Arbitrary<BookResponse> = fc.oneof(
  fc.record({ next: bookCursor, more: fc.boolean(), certificates: fc.array(body, { minLength: 1 }) }),
  fc.record({ next: bookCursor, more: fc.constant(false), certificates: fc.constant([]) }),
)
