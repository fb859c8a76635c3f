import {
  type BookCursorFrame,
  BookRequest as WireRequest,
  BookResponse as WireResponse,
} from '../generated/book.js'
import { plain } from './bytes.ts'
import { decodeCanonical } from './canonical.ts'
import { MAX_CERTIFICATE_ENVELOPE_BYTES } from './certificate.ts'
import { ProtocolError } from './errors.ts'
import {
  MAX_BOOK_CERTIFICATES,
  MAX_BOOK_REQUEST_BYTES,
  MAX_BOOK_RESPONSE_BYTES,
  MAX_NUMBER,
} from './limits.ts'

/** Bytes of the id of an address book. */
export const BOOK_ID_BYTES = 16

/** A place in one node's address book: what came to it before `position` has been read. */
export interface BookCursor {
  /** 16 random bytes. */
  readonly book: Uint8Array
  readonly position: number
}

/** Asks for certificates of an address book. */
export interface BookRequest {
  /** Absent: from the beginning. */
  readonly from?: BookCursor
  /** The holder stops after this many bytes of certificates; at least 1. */
  readonly maxBytes: number
}

export interface BookResponse {
  /** Where the reader continues. */
  readonly next: BookCursor
  readonly more: boolean
  /** Certificate envelopes, those that came first before the others. */
  readonly certificates: readonly Uint8Array[]
}

/** Bytes of certificates that an answer carries at most, beside its other fields. */
export const MAX_BOOK_RESPONSE_CERTIFICATE_BYTES = MAX_BOOK_RESPONSE_BYTES - 8 * 1024
if (MAX_BOOK_RESPONSE_CERTIFICATE_BYTES < MAX_CERTIFICATE_ENVELOPE_BYTES)
  throw new Error('an answer about an address book cannot carry a certificate')

export function encodeBookRequest({ from, maxBytes }: BookRequest): Uint8Array {
  return WireRequest.encode({ maxBytes, ...(from === undefined ? {} : { from: toFrame(from) }) })
}

/** @throws ProtocolError ERR_BOOK_SIZE, ERR_MALFORMED, ERR_NOT_CANONICAL, ERR_BOOK_FIELD */
export function decodeBookRequest(bytes: Uint8Array): BookRequest {
  assertSize(bytes, MAX_BOOK_REQUEST_BYTES, 'request')
  const { from, maxBytes } = decodeCanonical(WireRequest, bytes, 'book request', undefined)
  if (maxBytes === 0) throw new ProtocolError('ERR_BOOK_FIELD', 'a book request asks for no bytes')
  return { maxBytes, ...(from === undefined ? {} : { from: fromFrame(from) }) }
}

export function encodeBookResponse({ next, more, certificates }: BookResponse): Uint8Array {
  return WireResponse.encode({ next: toFrame(next), more, certificates: certificates.map(plain) })
}

/**
 * The certificates are bytes still: {@link readCertificate} reads each.
 * @throws ProtocolError ERR_BOOK_SIZE, ERR_MALFORMED, ERR_NOT_CANONICAL, ERR_BOOK_FIELD
 */
export function decodeBookResponse(bytes: Uint8Array): BookResponse {
  assertSize(bytes, MAX_BOOK_RESPONSE_BYTES, 'response')
  const wire = decodeCanonical(WireResponse, bytes, 'book response', { certificates: MAX_BOOK_CERTIFICATES })
  const { next, more, certificates } = wire
  if (next === undefined) throw new ProtocolError('ERR_BOOK_FIELD', 'a book response says no place')
  if (more && certificates.length === 0) {
    throw new ProtocolError('ERR_BOOK_FIELD', 'a book response has more to come, and nothing in it')
  }
  return { next: fromFrame(next), more, certificates }
}

function assertSize(bytes: Uint8Array, limit: number, what: string): void {
  if (bytes.length > limit) {
    throw new ProtocolError(
      'ERR_BOOK_SIZE',
      `a book ${what} of ${bytes.length} bytes is larger than ${limit}`,
    )
  }
}

function toFrame({ book, position }: BookCursor): BookCursorFrame {
  return { book: plain(book), position }
}

function fromFrame({ book, position }: BookCursorFrame): BookCursor {
  if (book.length !== BOOK_ID_BYTES || position > MAX_NUMBER) {
    throw new ProtocolError('ERR_BOOK_FIELD', 'a place in a book has an id or position out of range')
  }
  return { book, position }
}
