import { readdirSync, readFileSync } from 'node:fs'
import {
  createLocalSigner,
  decodePastelId,
  encodePastelId,
  isPastelId,
  verifySignature,
} from '@pastel-mesh/identity'
import { describe, expect, test } from 'vitest'
import {
  type Batch,
  type BookRequest,
  type BookResponse,
  type Certificate,
  type CertificateFrame,
  decodeBookRequest,
  decodeBookResponse,
  decodeCertificateFrame,
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
  logId,
  logIdPair,
  type MessageContent,
  makeCertificateEnvelope,
  makeEnvelope,
  messageId,
  openBatch,
  openCertificate,
  openPayload,
  parseMessageId,
  payloadContentBytes,
  type SignedKind,
  type SyncRequest,
  type SyncResponse,
  sha256,
  signedText,
} from '../src/index.ts'
import { wireOf } from './codecs.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { hex, withHex } from './hex.ts'
import { testNodeKey } from './identities.ts'
import { unhex } from './vectors/json.ts'
import { makeVectors } from './vectors/make-vectors.ts'

const folder = new URL('../../../docs/vectors/', import.meta.url)
const read = <T>(file: string) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as T

/** The fields that hold bytes, wherever they are. */
const BYTE_FIELDS = new Set(
  [
    'sender',
    'direct',
    'run',
    'previous',
    'payload',
    'body',
    'subject',
    'nodeKey',
    'store',
    'hash',
    'certificate',
    'proof',
    'sealingKey',
    'mailboxes',
    'receipt',
  ].concat('addresses', 'batches', 'book', 'certificates'),
)

/** A value as the code has it, out of one in which bytes are hex. */
function fromJson<T>(value: unknown, isBytes = false): T {
  if (Array.isArray(value)) return value.map((item) => fromJson(item, isBytes)) as T
  if (typeof value === 'string') return (isBytes ? unhex(value) : value) as T
  if (typeof value !== 'object' || value === null) return value as T
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, fromJson(item, BYTE_FIELDS.has(key))]),
  ) as T
}

/** What was signed, by whom, and how it came out. */
interface Signed {
  readonly seed: string
  readonly bytes: string
  readonly hash: string
  readonly text: string
  readonly signature: string
}

async function expectSigned({ seed, bytes, hash, text, signature }: Signed, kind: SignedKind): Promise<void> {
  expect(hex(sha256(unhex(bytes)))).toBe(hash)
  expect(signedText(kind, unhex(hash))).toBe(text)
  const signer = createLocalSigner(unhex(seed))
  expect(hex(await signer.sign(text))).toBe(signature)
  expect(await verifySignature(signer.publicKey, text, unhex(signature))).toBe(true)
}

describe('the committed vectors', () => {
  test('are what scripts/make-vectors.ts writes', async () => {
    const made = await makeVectors()
    expect(readdirSync(folder).sort()).toEqual(Object.keys(made).sort())
    for (const [file, text] of Object.entries(made)) {
      expect(readFileSync(new URL(file, folder), 'utf8'), file).toBe(text)
    }
  })

  test('PastelIDs', () => {
    interface Id {
      readonly publicKey: string
      readonly pastelId: string
    }
    const { fromSeed, existing, invalid } = read<{
      fromSeed: (Id & { seed: string })[]
      existing: Id[]
      invalid: { name: string; text: string }[]
    }>('pastel-ids.json')
    for (const { publicKey, pastelId } of [...fromSeed, ...existing]) {
      expect(encodePastelId(unhex(publicKey))).toBe(pastelId)
      expect(hex(decodePastelId(pastelId))).toBe(publicKey)
    }
    for (const { seed, pastelId } of fromSeed) expect(createLocalSigner(unhex(seed)).pastelId).toBe(pastelId)
    for (const { name, text } of invalid) expect(isPastelId(text), name).toBe(false)
  })

  test('signed texts', async () => {
    const { made, existing } = read<{
      made: (Signed & { kind: SignedKind })[]
      existing: { publicKey: string; text: string; signature: string }[]
    }>('signed-texts.json')
    for (const vector of made) await expectSigned(vector, vector.kind)
    for (const { publicKey, text, signature } of existing) {
      expect(await verifySignature(unhex(publicKey), text, unhex(signature))).toBe(true)
    }
  })

  test('log ids and message ids', async () => {
    const { logs, invalid } = read<{
      logs: {
        sender: string
        channel: string
        run: string
        logBytes: string
        log: string
        ids: { position: number; id: string }[]
      }[]
      invalid: string[]
    }>('message-ids.json')
    expect(logs).toHaveLength(4)
    for (const { sender, channel, run, logBytes, log, ids } of logs) {
      expect(hex(logIdPair(unhex(sender), channel, unhex(run)).bytes)).toBe(logBytes)
      expect(logId(unhex(sender), channel, unhex(run))).toBe(log)
      for (const { position, id } of ids) {
        expect(messageId(logId(unhex(sender), channel, unhex(run)), position)).toBe(id)
        expect(parseMessageId(id)).toEqual({ log, position })
      }
    }
    for (const text of invalid) await expectProtocolError(() => parseMessageId(text), 'ERR_MESSAGE_ID')
  })

  test('payloads', () => {
    const vectors = read<{ name: string; messages: unknown[]; bytes: string }[]>('payloads.json')
    for (const { name, messages, bytes } of vectors) {
      const contents = fromJson<MessageContent[]>(messages)
      expect(hex(encodePayload(contents.map(wireOf))), name).toBe(bytes)
      expect(withHex(decodePayload(unhex(bytes), messages.length)), name).toEqual(messages)
    }
  })

  test('compressed payloads decode, whatever made them', () => {
    const vectors =
      read<{ name: string; count: number; frame: string; payload: string }[]>('compressed-payloads.json')
    expect(vectors.length).toBeGreaterThan(2)
    for (const { name, count, frame, payload } of vectors) {
      const batch = { encoding: 1, payload: unhex(frame), count }
      expect(withHex(openPayload(batch)), name).toEqual(withHex(decodePayload(unhex(payload), count)))
      expect(payloadContentBytes(batch), name).toBe(payload.length / 2)
    }
  })

  test('batches', async () => {
    const vectors =
      read<
        (Signed & {
          name: string
          batch: { first: number }
          envelope: string
          log: string
          messageIds: string[]
        })[]
      >('batches.json')
    for (const vector of vectors) {
      const { name, batch, bytes, envelope, log, messageIds } = vector
      expect(hex(encodeBatch(fromJson<Batch>(batch))), name).toBe(bytes)
      await expectSigned(vector, 'batch')
      expect(hex(makeEnvelope(unhex(vector.signature), unhex(bytes)))).toBe(envelope)
      const opened = openBatch(unhex(envelope))
      expect(withHex(opened.batch), name).toEqual(batch)
      expect(opened.log).toBe(log)
      const ids = Array.from({ length: opened.batch.count }, (_, i) => messageId(opened.log, batch.first + i))
      expect(ids).toEqual(messageIds)
      // The sealed one is opened with its own vectors.
      if (opened.batch.encoding !== 2) expect(openPayload(opened.batch)).toHaveLength(ids.length)
    }
  })

  test('a chain of batches: each names the one before it', () => {
    const [one, two, three] =
      read<{ hash: string; batch: { previous: string; run: string; follows?: unknown } }[]>('batches.json')
    expect(one?.batch.previous).toBe('00'.repeat(32))
    expect(two?.batch.previous).toBe(one?.hash)
    expect(three?.batch.previous).toBe(two?.hash)
    expect(three?.batch.follows).toEqual({ run: one?.batch.run, head: 2 })
  })

  test('malformed batches', async () => {
    const vectors = read<{ name: string; envelope: string; error: string }[]>('malformed-batches.json')
    expect(vectors.length).toBeGreaterThan(40)
    for (const { envelope, error } of vectors) {
      await expectProtocolError(() => {
        return openPayload(openBatch(unhex(envelope)).batch)
      }, error)
    }
  })

  test('certificates', async () => {
    const { valid, refused } = read<{
      valid: (Signed & { certificate: unknown; nodeSeed: string; nodeSignature: string; envelope: string })[]
      refused: { name: string; envelope: string; error: string }[]
    }>('certificates.json')
    for (const vector of valid) {
      const { certificate, bytes, nodeSeed, nodeSignature, envelope, text, signature } = vector
      const value = fromJson<Certificate>(certificate)
      expect(hex(encodeCertificate(value))).toBe(bytes)
      await expectSigned(vector, 'certificate')
      const nodeKey = testNodeKey(unhex(nodeSeed)[0] as number)
      expect(hex(nodeKey.publicKey)).toBe(hex(value.nodeKey))
      expect(hex(nodeKey.sign(text))).toBe(nodeSignature)
      expect(hex(makeCertificateEnvelope(unhex(signature), unhex(nodeSignature), unhex(bytes)))).toBe(
        envelope,
      )
      expect(withHex(await openCertificate(unhex(envelope)))).toEqual(certificate)
    }
    for (const { envelope, error } of refused) {
      await expectProtocolError(() => openCertificate(unhex(envelope)), error)
    }
  })

  test('certificate frames', () => {
    for (const { frame, bytes } of read<{ frame: unknown; bytes: string }[]>('certificate-frames.json')) {
      expect(hex(encodeCertificateFrame(fromJson<CertificateFrame>(frame)))).toBe(bytes)
      expect(withHex(decodeCertificateFrame(unhex(bytes)))).toEqual(frame)
    }
  })

  test('sync frames', () => {
    interface Vector {
      readonly value: unknown
      readonly bytes: string
    }
    const { requests, responses } = read<{ requests: Vector[]; responses: Vector[] }>('sync-frames.json')
    for (const { value, bytes } of requests) {
      expect(hex(encodeSyncRequest(fromJson<SyncRequest>(value)))).toBe(bytes)
      expect(withHex(decodeSyncRequest(unhex(bytes)))).toEqual(value)
    }
    for (const { value, bytes } of responses) {
      expect(hex(encodeSyncResponse(fromJson<SyncResponse>(value)))).toBe(bytes)
      expect(withHex(decodeSyncResponse(unhex(bytes)))).toEqual(value)
    }
  })

  test('book frames', () => {
    interface Vector {
      readonly value: unknown
      readonly bytes: string
    }
    const { requests, responses } = read<{ requests: Vector[]; responses: Vector[] }>('book-frames.json')
    for (const { value, bytes } of requests) {
      expect(hex(encodeBookRequest(fromJson<BookRequest>(value)))).toBe(bytes)
      expect(withHex(decodeBookRequest(unhex(bytes)))).toEqual(value)
    }
    for (const { value, bytes } of responses) {
      expect(hex(encodeBookResponse(fromJson<BookResponse>(value)))).toBe(bytes)
      expect(withHex(decodeBookResponse(unhex(bytes)))).toEqual(value)
    }
  })
})
