import fc from 'fast-check'
import type {
  Batch,
  BookRequest,
  BookResponse,
  Certificate,
  CertificateFrame,
  LogRange,
  MessageContent,
  SyncRequest,
  SyncResponse,
} from '../src/index.ts'
import {
  decodeBookRequest,
  decodeBookResponse,
  decodeCertificateFrame,
  decodeLogId,
  decodePayload,
  decodeSyncRequest,
  decodeSyncResponse,
  encodeBatch,
  encodeBookRequest,
  encodeBookResponse,
  encodeCertificate,
  encodeCertificateFrame,
  encodePayload,
  encodeSyncRequest,
  encodeSyncResponse,
  fromWireMessage,
  MAX_BOOK_REQUEST_BYTES,
  MAX_BOOK_RESPONSE_BYTES,
  MAX_CERTIFICATE_BYTES,
  MAX_CERTIFICATE_FRAME_BYTES,
  MAX_ENVELOPE_BYTES,
  MAX_PAYLOAD_BYTES,
  MAX_SYNC_REQUEST_BYTES,
  MAX_SYNC_RESPONSE_BYTES,
  makeEnvelope,
  openBatch,
  openCertificate,
  toWireMessage,
} from '../src/index.ts'
import * as arbitrary from './arbitraries.ts'
import { directCodecs } from './direct-codecs.ts'
import { signCertificateBytes, testNodeKey, testSigner } from './identities.ts'
import * as schemas from './schemas.ts'
import type { Schema } from './wire.ts'

/** One wire format as the properties see it. */
export interface Codec<T> {
  readonly name: string
  readonly schema: Schema
  /** The longest encoding that a decoder looks into. */
  readonly maxBytes: number
  readonly values: fc.Arbitrary<T>
  encode(value: T): Uint8Array
  /** @param like the value whose encoding the bytes are, or were before they were changed */
  decode(bytes: Uint8Array, like: T): T | Promise<T>
  /** The value's fields under the names of the schema. */
  fields(value: T): Record<string, unknown>
}

const CONTENT_TYPES = ['bytes', 'text', 'json']

/** What a received message was made of. */
export function wireOf(content: MessageContent): ReturnType<typeof toWireMessage> {
  return {
    type: content.type,
    contentType: CONTENT_TYPES.indexOf(content.contentType),
    body: Uint8Array.from(content.body),
    createdAt: content.createdAtMs,
    replyTo: content.replyTo ?? '',
    headers: Object.entries(content.headers)
      .map(([name, value]) => ({ name, value }))
      .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name))),
    repeats: content.repeats ?? '',
  }
}

const batch: Codec<Batch> = {
  name: 'batch',
  schema: schemas.batchSchema,
  maxBytes: MAX_ENVELOPE_BYTES - 114,
  values: arbitrary.batch,
  encode: encodeBatch,
  // Nothing signs here: whether a batch is malformed does not hang on its signature.
  decode: (bytes) => openBatch(makeEnvelope(new Uint8Array(114), bytes)).batch,
  fields: (value) => ({ version: 1, ...value }),
}

const payload: Codec<MessageContent[]> = {
  name: 'payload',
  schema: schemas.payloadSchema,
  maxBytes: MAX_PAYLOAD_BYTES,
  values: fc.array(
    fc
      .tuple(arbitrary.messageInput, arbitrary.time)
      .map(([input, at]) => fromWireMessage(toWireMessage(input, at))),
    { minLength: 1, maxLength: 8 },
  ),
  encode: (value) => encodePayload(value.map(wireOf)),
  decode: (bytes, like) => decodePayload(bytes, like.length),
  fields: (value) => ({ messages: value.map(wireOf) }),
}

const certificate: Codec<Certificate> = {
  name: 'certificate',
  schema: schemas.certificateSchema,
  maxBytes: MAX_CERTIFICATE_BYTES,
  values: arbitrary.certificate,
  encode: encodeCertificate,
  // Signed anew whatever the bytes are: else a bad signature would hide what the decoder lets pass.
  decode: async (bytes) => openCertificate(await signCertificateBytes(bytes, testSigner(1), testNodeKey(1))),
  fields: (value) => ({ version: 1, ...value }),
}

const certificateFrame: Codec<CertificateFrame> = {
  name: 'certificate frame',
  schema: schemas.certificateFrameSchema,
  maxBytes: MAX_CERTIFICATE_FRAME_BYTES,
  values: arbitrary.certificateFrame,
  encode: encodeCertificateFrame,
  decode: decodeCertificateFrame,
  fields: (value) => ({ ...value, verdict: ['none', 'accepted', 'refused'].indexOf(value.verdict) }),
}

const wireRange = (range: LogRange) => ({ ...range, log: decodeLogId(range.log) })

const syncRequest: Codec<SyncRequest> = {
  name: 'sync request',
  schema: schemas.syncRequestSchema,
  maxBytes: MAX_SYNC_REQUEST_BYTES,
  values: arbitrary.syncRequest,
  encode: encodeSyncRequest,
  decode: decodeSyncRequest,
  fields: (value) =>
    value.kind === 'heads'
      ? { id: value.id, heads: value }
      : { id: value.id, ranges: { ...value, ranges: value.ranges.map(wireRange) } },
}

const syncResponse: Codec<SyncResponse> = {
  name: 'sync response',
  schema: schemas.syncResponseSchema,
  maxBytes: MAX_SYNC_RESPONSE_BYTES,
  values: arbitrary.syncResponse,
  encode: encodeSyncResponse,
  decode: decodeSyncResponse,
  fields: (value) => {
    if (value.kind === 'error') return { ...value }
    if (value.kind === 'heads') return { id: value.id, heads: value }
    return {
      id: value.id,
      ranges: { ...value, denied: value.denied.map(wireRange), pruned: value.pruned.map(wireRange) },
    }
  },
}

const bookRequest: Codec<BookRequest> = {
  name: 'book request',
  schema: schemas.bookRequestSchema,
  maxBytes: MAX_BOOK_REQUEST_BYTES,
  values: arbitrary.bookRequest,
  encode: encodeBookRequest,
  decode: decodeBookRequest,
  fields: (value) => ({ ...value }),
}

const bookResponse: Codec<BookResponse> = {
  name: 'book response',
  schema: schemas.bookResponseSchema,
  maxBytes: MAX_BOOK_RESPONSE_BYTES,
  values: arbitrary.bookResponse,
  encode: encodeBookResponse,
  decode: decodeBookResponse,
  fields: (value) => ({ ...value }),
}

/** Every wire format of the package. */
export const codecs: readonly Codec<unknown>[] = [
  batch,
  payload,
  certificate,
  certificateFrame,
  syncRequest,
  syncResponse,
  bookRequest,
  bookResponse,
  ...directCodecs,
] as readonly unknown[] as readonly Codec<unknown>[]
