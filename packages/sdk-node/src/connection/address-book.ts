import { randomBytes } from 'node:crypto'
import type { PastelId } from '@pastel-mesh/identity'
import { BOOK_ID_BYTES, type Certificate, equalBytes } from '@pastel-mesh/protocol'
import { EndedCertificates, sealableUntilMs } from './ended-certificates.ts'
import { PositionOrder } from './position-order.ts'

/**
 * PastelIDs that are remembered: those that were not seen for longest leave first. More than a network is expected to
 * have (5,000), by a margin: in a larger one each node would tell the others of what they have just let go of, and
 * everybody would check the same signatures for ever.
 */
const MAX_KNOWN = 8_192
/** Bytes of their certificates: a usual one has some 400, the largest 32 KiB. */
const MAX_BYTES = 16 * 1024 * 1024

/** The certificate of a PastelID that is in force, as far as this node knows. */
export interface BookEntry {
  readonly pastelId: PastelId
  readonly certificate: Certificate
  /** As it was signed; only what has one is told to others and kept. */
  readonly envelope?: Uint8Array
  /** Grows with each change of the book. */
  readonly position: number
  /** When it came, in ms, monotonic. */
  readonly sinceMs: number
}

/**
 * How a certificate came into the book: its node showed it on a connection, others told of it, or it was kept from
 * before the start.
 */
export type BookSource = 'shown' | 'told' | 'kept'

export interface BookListener {
  /** There is a certificate that was not there. */
  added?(entry: BookEntry, source: BookSource): void
  /** A certificate has left, and no other has taken its place. */
  removed?(entry: BookEntry): void
  /** The certificate of somebody who has none in force is remembered again. */
  remembered?(entry: BookEntry): void
}

/** The newest certificate of each PastelID: where its node is, and which node key is its own. All were verified. */
export class AddressBook {
  /** 16 random bytes that name this book: positions of another start mean nothing. */
  readonly id: Uint8Array = new Uint8Array(randomBytes(BOOK_ID_BYTES))
  /** Those that were seen longest ago first. */
  readonly #known = new Map<PastelId, BookEntry>()
  /** The same and the own one, as they came. */
  readonly #order = new PositionOrder<BookEntry>()
  readonly #ended = new EndedCertificates()
  readonly #listeners = new Set<BookListener>()
  readonly #max: number
  readonly #maxBytes: number
  #sizeBytes = 0
  #own: BookEntry | undefined
  #end = 0

  constructor({ max = MAX_KNOWN, maxBytes = MAX_BYTES }: { max?: number; maxBytes?: number } = {}) {
    this.#max = max
    this.#maxBytes = maxBytes
  }

  /** PastelIDs that are known, this node's own aside. */
  get size(): number {
    return this.#known.size
  }

  /** Bytes of their certificates. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** The position that the next change takes. */
  get end(): number {
    return this.#end
  }

  /** @returns removes the listener */
  listen(listener: BookListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * A certificate was accepted on a connection, or still holds there. One of a node that another has superseded
   * changes nothing.
   */
  seen(pastelId: PastelId, certificate: Certificate, envelope?: Uint8Array): void {
    if (this.isSuperseded(pastelId, certificate)) return
    const known = this.#known.get(pastelId)
    // One that was learnt meanwhile from others is newer than what is shown on a connection.
    const isOlder = this.isOutdated(pastelId, certificate)
    if (known === undefined || (!isOlder && !isSame(known, certificate, envelope))) {
      this.#put(pastelId, certificate, envelope, 'shown')
    } else {
      this.#known.delete(pastelId)
      this.#known.set(pastelId, known)
    }
  }

  /**
   * Others told of a certificate, and it is good: it was verified, and is of a member.
   * @returns whether it is newer than what was known
   */
  learn(
    pastelId: PastelId,
    certificate: Certificate,
    envelope: Uint8Array,
    source: 'told' | 'kept' = 'told',
  ): boolean {
    if (!this.isNews(pastelId, certificate)) return false
    this.#put(pastelId, certificate, envelope, source)
    return true
  }

  /** Whether a certificate is newer than the one that is known of its PastelID. */
  isNews(pastelId: PastelId, certificate: Certificate): boolean {
    const known = this.#known.get(pastelId)?.certificate
    if (known === undefined) return true
    if (equalBytes(known.nodeKey, certificate.nodeKey)) return certificate.serial > known.serial
    return !this.isSuperseded(pastelId, certificate)
  }

  /** Whether the PastelID has a newer certificate, with another node key. */
  isSuperseded(pastelId: PastelId, certificate: Certificate): boolean {
    const known = this.#known.get(pastelId)?.certificate
    return known !== undefined && supersedes(known, certificate)
  }

  /**
   * Whether its node has shown a newer certificate with the same key. A node shows its newest to whom it connects:
   * there are two of them, or its clock was set back.
   */
  isOutdated(pastelId: PastelId, { nodeKey, serial }: Certificate): boolean {
    const known = this.#known.get(pastelId)?.certificate
    return known !== undefined && equalBytes(known.nodeKey, nodeKey) && known.serial > serial
  }

  get(pastelId: PastelId): Certificate | undefined {
    return this.#known.get(pastelId)?.certificate
  }

  entry(pastelId: PastelId): BookEntry | undefined {
    return this.#known.get(pastelId)
  }

  /**
   * The certificate in force or, if there is none, the last one: for sealing to its key, and where that is left. Never
   * for whom to trust, or where to dial.
   */
  last(pastelId: PastelId): BookEntry | undefined {
    return this.#known.get(pastelId) ?? this.#ended.get(pastelId)
  }

  /** A certificate that has ended was kept, and was verified again. */
  remember(pastelId: PastelId, certificate: Certificate, envelope: Uint8Array): void {
    if (this.last(pastelId) !== undefined) return
    const entry = this.#entry(pastelId, certificate, envelope)
    this.#ended.add(entry)
    for (const listener of this.#listeners) listener.remembered?.(entry)
  }

  /** Lets go of the certificates that have ended, and of all of those who are no members. */
  sweep(nowMs: number, isMember: (pastelId: PastelId) => boolean): void {
    for (const entry of [...this.#known.values()]) {
      const { pastelId, certificate } = entry
      const isGone = !isMember(pastelId)
      if (!isGone && certificate.notAfterMs > nowMs) continue
      if (!isGone) this.#ended.add(entry)
      this.#remove(entry)
    }
    const isOver = ({ pastelId, certificate }: BookEntry) =>
      !isMember(pastelId) || sealableUntilMs(certificate) <= nowMs
    for (const entry of this.#ended.removeIf(isOver)) {
      for (const listener of this.#listeners) listener.removed?.(entry)
    }
  }

  entries(): IterableIterator<BookEntry> {
    return this.#known.values()
  }

  /** The certificate of this node itself: told to others, and not among those that it knows. */
  get own(): BookEntry | undefined {
    return this.#own
  }

  setOwn(pastelId: PastelId, certificate: Certificate, envelope: Uint8Array): void {
    if (this.#own !== undefined) this.#order.remove(this.#own)
    this.#own = this.#entry(pastelId, certificate, envelope)
    this.#order.add(this.#own)
  }

  /**
   * What came at a position or after it, in that order; the book must not change while it is read. What is read of
   * it is what it costs.
   */
  since(position: number): Iterable<BookEntry> {
    return this.#order.from(position)
  }

  #put(
    pastelId: PastelId,
    certificate: Certificate,
    envelope: Uint8Array | undefined,
    source: BookSource,
  ): void {
    const entry = this.#entry(pastelId, certificate, envelope)
    this.#ended.delete(pastelId)
    const before = this.#known.get(pastelId)
    this.#sizeBytes += sizeOf(entry) - sizeOf(before)
    if (before !== undefined) this.#order.remove(before)
    this.#order.add(entry)
    this.#known.delete(pastelId)
    this.#known.set(pastelId, entry)
    for (const oldest of this.#known.values()) {
      if (this.#known.size <= this.#max && this.#sizeBytes <= this.#maxBytes) break
      this.#remove(oldest)
    }
    for (const listener of this.#listeners) listener.added?.(entry, source)
  }

  #entry(pastelId: PastelId, certificate: Certificate, envelope: Uint8Array | undefined): BookEntry {
    const position = this.#end
    this.#end += 1
    const sinceMs = performance.now()
    return { pastelId, certificate, position, sinceMs, ...(envelope === undefined ? {} : { envelope }) }
  }

  #remove(entry: BookEntry): void {
    if (!this.#known.delete(entry.pastelId)) return
    this.#order.remove(entry)
    this.#sizeBytes -= sizeOf(entry)
    for (const listener of this.#listeners) listener.removed?.(entry)
  }
}

/** Whether a certificate takes the place of another of its PastelID that has another node key. */
export function supersedes(one: Certificate, other: Certificate): boolean {
  if (equalBytes(one.nodeKey, other.nodeKey)) return false
  if (one.serial !== other.serial) return one.serial > other.serial
  // Never both, and everywhere the same.
  return Buffer.compare(one.nodeKey, other.nodeKey) > 0
}

function isSame(known: BookEntry, { nodeKey, serial }: Certificate, envelope?: Uint8Array): boolean {
  if (envelope !== undefined) return known.envelope !== undefined && equalBytes(known.envelope, envelope)
  return known.certificate.serial === serial && equalBytes(known.certificate.nodeKey, nodeKey)
}

function sizeOf(entry: BookEntry | undefined): number {
  return entry?.envelope?.length ?? 0
}
