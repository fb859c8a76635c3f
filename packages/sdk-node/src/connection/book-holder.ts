import type { Stream } from '@libp2p/interface'
import {
  type BookRequest,
  type BookResponse,
  decodeBookRequest,
  encodeBookResponse,
  equalBytes,
  MAX_BOOK_CERTIFICATES,
  MAX_BOOK_REQUEST_BYTES,
  MAX_BOOK_RESPONSE_CERTIFICATE_BYTES,
} from '@pastel-mesh/protocol'
import { TokenBucket } from '../inbound/token-bucket.ts'
import { syncFrames } from '../sync/frames.ts'
import type { AddressBook } from './address-book.ts'

/** Bytes of a certificate on the wire beside its own: tag and length. */
const FIELD_BYTES = 4
/** The next question of a conversation; an answer that is not read. */
const TIMEOUT_MS = 10_000
/** Bytes that one peer is given: the largest book twice, and then little by little. */
const BYTE_RATE = { perSecond: 64 * 1024, burst: 32 * 1024 * 1024 }
/** Each answer counts as that much at least: looking is work as well. */
const MIN_ANSWER_BYTES = 4 * 1024
const MAX_PEERS = 1_024

/** Answers what peers ask about this node's address book, each no faster than it may. */
export class BookHolder {
  readonly #book: AddressBook
  readonly #peers = new Map<string, TokenBucket>()

  constructor({ book }: { book: AddressBook }) {
    this.#book = book
  }

  /** Answers one conversation, until the peer has no more questions. @throws what the peer did wrong */
  async serve(stream: Stream, peer: string): Promise<void> {
    const frames = syncFrames(stream, {
      maxFrameBytes: MAX_BOOK_REQUEST_BYTES,
      maxBufferBytes: 4 * MAX_BOOK_REQUEST_BYTES,
    })
    const allowance = this.#allowance(peer)
    for (;;) {
      const bytes = await frames.read(AbortSignal.timeout(TIMEOUT_MS))
      if (bytes === undefined) break
      const request = decodeBookRequest(bytes)
      // It has had more than there is: it comes again later.
      if (allowance.delayMs(1) > 0) break
      const answer = encodeBookResponse(answerFrom(this.#book, request))
      allowance.spend(Math.max(answer.length, MIN_ANSWER_BYTES))
      await frames.write(answer, AbortSignal.timeout(TIMEOUT_MS))
    }
    await stream.close({ signal: AbortSignal.timeout(TIMEOUT_MS) })
  }

  #allowance(peer: string): TokenBucket {
    const bucket = this.#peers.get(peer) ?? new TokenBucket(BYTE_RATE)
    this.#peers.delete(peer)
    this.#peers.set(peer, bucket)
    if (this.#peers.size > MAX_PEERS) {
      const [oldest] = this.#peers.keys()
      if (oldest !== undefined) this.#peers.delete(oldest)
    }
    return bucket
  }
}

function answerFrom(book: AddressBook, { from, maxBytes }: BookRequest): BookResponse {
  const isOurs = from !== undefined && equalBytes(from.book, book.id) && from.position <= book.end
  const limit = Math.min(maxBytes, MAX_BOOK_RESPONSE_CERTIFICATE_BYTES)
  const certificates: Uint8Array[] = []
  let sizeBytes = 0
  for (const { envelope, position } of book.since(isOurs ? from.position : 0)) {
    if (envelope === undefined) continue
    const isFull = certificates.length === MAX_BOOK_CERTIFICATES || sizeBytes + envelope.length > limit
    // One always goes, or the reader would never come further.
    if (isFull && certificates.length > 0)
      return { next: { book: book.id, position }, more: true, certificates }
    certificates.push(envelope)
    sizeBytes += envelope.length + FIELD_BYTES
  }
  return { next: { book: book.id, position: book.end }, more: false, certificates }
}
