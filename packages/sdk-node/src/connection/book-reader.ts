import type { Stream } from '@libp2p/interface'
import { MeshError, type PastelId } from '@pastel-mesh/identity'
import {
  type BookCursor,
  type BookResponse,
  decodeBookResponse,
  encodeBookRequest,
  equalBytes,
  MAX_BOOK_RESPONSE_BYTES,
  MAX_BOOK_RESPONSE_CERTIFICATE_BYTES,
} from '@pastel-mesh/protocol'
import { TokenBucket } from '../inbound/token-bucket.ts'
import { syncFrames } from '../sync/frames.ts'
import { isForNow, type Taken } from './certificate-intake.ts'

export interface BookReaderComponents {
  readonly openStream: (signal: AbortSignal) => Promise<Stream>
  readonly take: (envelope: Uint8Array) => Promise<Taken>
}

/** Certificates that one peer may give: a full book at once, and then what changes in a large network. */
const CERTIFICATE_RATE = { perSecond: 16, burst: 8_192 }
/** Answers of one conversation; what is more is for the next. */
const MAX_PAGES = 64
/** One question and its answer. */
const ANSWER_TIMEOUT_MS = 10_000
/**
 * A place is forgotten after so long: what was not taken then, of who was no member yet, may be taken now. As long as
 * certificates are good before they are renewed: what has not come to a book anew by then has nobody who renews it. Each
 * hour, whole books of every neighbour were the most that a node at rest in a large network sent.
 */
const PLACE_LIFETIME_MS = 12 * 60 * 60_000
/**
 * What was passed over for now is asked for again the next time, with all that stood behind it; but not more often
 * in a row: a member that makes certificates faster than they are taken would have books read from its place for ever.
 */
const MAX_AGAIN = 3

/** Asks one peer for the certificates that came to its book since it was asked last. */
export class BookReader {
  readonly #components: BookReaderComponents
  readonly #allowance = new TokenBucket(CERTIFICATE_RATE)
  #place: BookCursor | undefined
  #placeSinceMs = 0
  /** How often in a row something was passed over. */
  #again = 0

  constructor(components: BookReaderComponents) {
    this.#components = components
  }

  /** Begins at the beginning the next time. */
  forget(): void {
    this.#place = undefined
  }

  /**
   * Asks until nothing more is there.
   * @returns whose certificates were new
   * @throws MeshError ERR_BOOK_PROTOCOL, ProtocolError: the peer broke the rules; whatever the stream throws
   */
  async read(signal: AbortSignal): Promise<PastelId[]> {
    if (this.#allowance.delayMs(1) > 0) return []
    this.#forgetInTime()
    const stream = await this.#components.openStream(within(signal))
    try {
      const limits = { maxFrameBytes: MAX_BOOK_RESPONSE_BYTES, maxBufferBytes: 2 * MAX_BOOK_RESPONSE_BYTES }
      const news = await this.#readPages(syncFrames(stream, limits), signal)
      await stream.close({ signal: within(signal) })
      return news
    } catch (error) {
      stream.abort(error as Error)
      throw error
    }
  }

  async #readPages(frames: ReturnType<typeof syncFrames>, signal: AbortSignal): Promise<PastelId[]> {
    const news: PastelId[] = []
    /** Where the first stands that was passed over for now. */
    let passedOver: { readonly at: BookCursor | undefined } | undefined
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const from = this.#place
      const question = { maxBytes: MAX_BOOK_RESPONSE_CERTIFICATE_BYTES, ...(from && { from }) }
      await frames.write(encodeBookRequest(question), within(signal))
      const bytes = await frames.read(within(signal))
      if (bytes === undefined) throw new MeshError('ERR_BOOK_CLOSED', 'the peer closed the stream')
      const answer = decodeBookResponse(bytes)
      assertAdvances(answer, from)
      this.#allowance.spend(answer.certificates.length)
      for (const envelope of answer.certificates) {
        signal.throwIfAborted()
        const taken = await this.#components.take(envelope)
        if (taken.verdict === 'rejected') throw wrong(`a certificate is refused: ${taken.reason}`)
        if (taken.verdict === 'new') news.push(taken.pastelId)
        if (isForNow(taken)) passedOver ??= { at: from }
      }
      this.#place = answer.next
      if (!answer.more || this.#allowance.delayMs(1) > 0) break
    }
    const isAgain = passedOver !== undefined && this.#again < MAX_AGAIN
    this.#again = isAgain ? this.#again + 1 : 0
    if (isAgain) this.#place = passedOver?.at
    return news
  }

  #forgetInTime(): void {
    const nowMs = performance.now()
    if (this.#place !== undefined && nowMs - this.#placeSinceMs < PLACE_LIFETIME_MS) return
    this.#place = undefined
    this.#placeSinceMs = nowMs
  }
}

/** Or it would be asked for the same again and again. */
function assertAdvances({ next, more }: BookResponse, from: BookCursor | undefined): void {
  if (from === undefined || !equalBytes(from.book, next.book)) return
  if (next.position < from.position) throw wrong('it goes back')
  if (more && next.position === from.position) throw wrong('it does not advance')
}

function wrong(what: string): MeshError {
  return new MeshError('ERR_BOOK_PROTOCOL', `the peer's answer about its address book was wrong: ${what}`)
}

function within(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)])
}
