import { describe, expect, test } from 'vitest'
import {
  decodeSyncRequest,
  decodeSyncResponse,
  encodeSyncResponse,
  MAX_ENVELOPE_BYTES,
  MAX_RANGES_RESPONSE_BATCH_BYTES,
} from '../src/index.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { sampleCursor } from './samples.ts'
import { syncRequestSchema, syncResponseSchema } from './schemas.ts'
import { encodeBySchema } from './wire.ts'

const request = (fields: object) => decodeSyncRequest(encodeBySchema(syncRequestSchema, { id: 1, ...fields }))
const response = (fields: object) =>
  decodeSyncResponse(encodeBySchema(syncResponseSchema, { id: 1, ...fields }))

const heads = { channels: ['topic/a'] }
const range = { log: new Uint8Array(16), first: 3, last: 3 }
const head = {
  sender: new Uint8Array(57),
  channel: 'topic/a',
  run: new Uint8Array(16),
  position: 0,
  hash: new Uint8Array(32),
}

describe('a sync request', () => {
  test('may ask for nothing in particular', () => {
    expect(request({ heads: { channels: [] } })).toMatchObject({ kind: 'heads', channels: [] })
    expect(request({ ranges: { ranges: [] } })).toMatchObject({ kind: 'ranges', ranges: [], maxBytes: 0 })
  })

  test.each<[string, object]>([
    ['neither heads nor ranges', {}],
    ['both heads and ranges', { heads, ranges: { ranges: [range] } }],
    ['a store id of 15 bytes', { heads: { ...heads, from: { ...sampleCursor, store: new Uint8Array(15) } } }],
    ['a cursor without a store id', { heads: { ...heads, from: { position: 0 } } }],
    [
      'a running hash of 7 bytes',
      { heads: { ...heads, from: { ...sampleCursor, hash: new Uint8Array(7) } } },
    ],
    [
      'a cursor without its running hash',
      { heads: { ...heads, from: { store: sampleCursor.store, position: 1 } } },
    ],
    ['a stored place without a store id', { heads: { ...heads, stored: { position: 0 } } }],
    ['7 bytes for a sender', { heads: { ...heads, direct: [new Uint8Array(7)] } }],
    ['a time out of range', { heads: { ...heads, sinceMs: 8_640_000_000_000_001 } }],
    ['a time of ranges out of range', { ranges: { ranges: [], sinceMs: 8_640_000_000_000_001 } }],
    ['a running hash at position 0', { heads: { ...heads, from: { ...sampleCursor, position: 0 } } }],
    ['a log id of 15 bytes', { ranges: { ranges: [{ ...range, log: new Uint8Array(15) }] } }],
    ['a range that ends before it begins', { ranges: { ranges: [{ ...range, last: 2 }] } }],
  ])('with %s is refused', async (_what, fields) => {
    await expectProtocolError(() => request(fields), 'ERR_SYNC_FIELD')
  })

  test('for a channel that cannot be is refused', async () => {
    await expectProtocolError(() => request({ heads: { channels: ['topic/'] } }), 'ERR_CHANNEL_NAME')
  })
})

describe('a sync response', () => {
  const answer = { next: sampleCursor, heads: [head] }

  test.each<[string, object]>([
    ['nothing', {}],
    ['heads and ranges', { heads: answer, ranges: { batches: [] } }],
    ['heads without a cursor', { heads: { heads: [head] } }],
    ['an error and heads', { heads: answer, error: 'bad-request' }],
    ['an error and ranges', { ranges: { batches: [], done: 1 }, error: 'bad-request' }],
    ['an error that is no code', { error: 'Bad request\n' }],
    ['an error of 65 bytes', { error: 'a'.repeat(65) }],
    ['a sender of 56 bytes', { heads: { ...answer, heads: [{ ...head, sender: new Uint8Array(56) }] } }],
    ['a run of 15 bytes', { heads: { ...answer, heads: [{ ...head, run: new Uint8Array(15) }] } }],
    ['a hash of 31 bytes', { heads: { ...answer, heads: [{ ...head, hash: new Uint8Array(31) }] } }],
    ['a denied range that ends before it begins', { ranges: { denied: [{ ...range, last: 2 }] } }],
    ['a pruned range that ends before it begins', { ranges: { pruned: [{ ...range, last: 2 }] } }],
  ])('with %s is refused', async (_what, fields) => {
    await expectProtocolError(() => response({ ...fields }), 'ERR_SYNC_FIELD')
  })

  test('with a head of a channel that cannot be is refused', async () => {
    const fields = { heads: { ...answer, heads: [{ ...head, channel: 'a' }] } }
    await expectProtocolError(() => response(fields), 'ERR_CHANNEL_NAME')
  })

  test.each(['heads', 'ranges'])('with a flag other than 0 and 1 in its %s is refused', async (kind) => {
    const fields = kind === 'heads' ? { heads: { ...answer, more: 2 } } : { ranges: { done: 2 } }
    await expectProtocolError(() => response(fields), 'ERR_NOT_CANONICAL')
  })

  test('has room for a batch of the largest size beside the longest lists', () => {
    const batches = [new Uint8Array(MAX_ENVELOPE_BYTES)]
    const ranges = Array.from({ length: 256 }, () => ({
      log: 'a'.repeat(26) as never,
      first: 1,
      last: 2 ** 53 - 1,
    }))
    const bytes = encodeSyncResponse({
      kind: 'ranges',
      id: 1,
      batches,
      denied: ranges,
      pruned: ranges,
      done: true,
    })
    expect(decodeSyncResponse(bytes)).toMatchObject({ denied: ranges, pruned: ranges, done: true })
    expect(MAX_RANGES_RESPONSE_BATCH_BYTES).toBeGreaterThanOrEqual(MAX_ENVELOPE_BYTES)
  })
})
