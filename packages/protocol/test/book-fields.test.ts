import { describe, expect, test } from 'vitest'
import {
  decodeBookRequest,
  decodeBookResponse,
  encodeBookRequest,
  encodeBookResponse,
  MAX_BOOK_RESPONSE_CERTIFICATE_BYTES,
} from '../src/index.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { bookRequestSchema, bookResponseSchema } from './schemas.ts'
import { encodeBySchema } from './wire.ts'

const next = { book: new Uint8Array(16).fill(3), position: 7 }
const request = (fields: object) => decodeBookRequest(encodeBySchema(bookRequestSchema, { ...fields }))
const response = (fields: object) => decodeBookResponse(encodeBySchema(bookResponseSchema, { ...fields }))

describe('a book request', () => {
  test.each<[string, object]>([
    ['no bytes to ask for', { from: next }],
    ['a book id of 15 bytes', { from: { ...next, book: new Uint8Array(15) }, maxBytes: 1 }],
    ['a place without a book id', { from: { position: 1 }, maxBytes: 1 }],
  ])('with %s is refused', async (_what, fields) => {
    await expectProtocolError(() => request(fields), 'ERR_BOOK_FIELD')
  })

  test('over its limit is refused unread, and the longest legal one fits', async () => {
    await expectProtocolError(() => decodeBookRequest(new Uint8Array(65)), 'ERR_BOOK_SIZE')
    const longest = { from: { ...next, position: Number.MAX_SAFE_INTEGER }, maxBytes: 2 ** 32 - 1 }
    expect(decodeBookRequest(encodeBookRequest(longest))).toEqual(longest)
  })
})

describe('a book response', () => {
  test.each<[string, object]>([
    ['no place', { certificates: [new Uint8Array(300)] }],
    ['nothing but more to come', { next, more: 1 }],
    ['a book id of 17 bytes', { next: { ...next, book: new Uint8Array(17) } }],
  ])('with %s is refused', async (_what, fields) => {
    await expectProtocolError(() => response(fields), 'ERR_BOOK_FIELD')
  })

  test('with a flag other than 0 and 1 is refused', async () => {
    await expectProtocolError(() => response({ next, more: 2 }), 'ERR_NOT_CANONICAL')
  })

  test('over its limit is refused unread, and what a holder may put into one fits', async () => {
    await expectProtocolError(() => decodeBookResponse(new Uint8Array(256 * 1024 + 1)), 'ERR_BOOK_SIZE')
    const sizeBytes = MAX_BOOK_RESPONSE_CERTIFICATE_BYTES / 512
    const certificates = Array.from({ length: 512 }, () => new Uint8Array(Math.floor(sizeBytes)))
    const bytes = encodeBookResponse({ next, more: true, certificates })
    expect(decodeBookResponse(bytes).certificates).toHaveLength(512)
  })
})
