import type { PastelId } from '@pastel-mesh/identity'
import { MAX_DIRECT_LIFETIME_MS } from '@pastel-mesh/protocol'
import type { BookEntry } from './address-book.ts'

/** PastelIDs of which the last certificate is remembered, and bytes of these: the oldest leave first. */
const MAX_ENDED = 4_096
const MAX_BYTES = 4 * 1024 * 1024

/**
 * The last certificates of those who have none in force: they are away for longer than a certificate is good. Nobody is
 * trusted or dialled by them. But a recipient keeps its sealing key for as long as a message lives after the end of the
 * last certificate that names it, so for as long what it is sent can be sealed to that key.
 */
export class EndedCertificates {
  readonly #entries = new Map<PastelId, BookEntry>()
  #sizeBytes = 0

  get(pastelId: PastelId): BookEntry | undefined {
    return this.#entries.get(pastelId)
  }

  add(entry: BookEntry): void {
    this.delete(entry.pastelId)
    this.#entries.set(entry.pastelId, entry)
    this.#sizeBytes += entry.envelope?.length ?? 0
    for (const [oldest] of this.#entries) {
      if (this.#entries.size <= MAX_ENDED && this.#sizeBytes <= MAX_BYTES) break
      this.delete(oldest)
    }
  }

  delete(pastelId: PastelId): void {
    this.#sizeBytes -= this.#entries.get(pastelId)?.envelope?.length ?? 0
    this.#entries.delete(pastelId)
  }

  /** @returns those that it let go of */
  removeIf(isGone: (entry: BookEntry) => boolean): BookEntry[] {
    const gone = [...this.#entries.values()].filter(isGone)
    for (const { pastelId } of gone) this.delete(pastelId)
    return gone
  }
}

/** Until when something may expire that is sealed to the key of a certificate, in ms since 1970. */
export function sealableUntilMs({ notAfterMs }: BookEntry['certificate']): number {
  return notAfterMs + MAX_DIRECT_LIFETIME_MS
}
