import type { PastelId } from '@pastel-mesh/identity'
import { type Certificate, openCertificate, readCertificate } from '@pastel-mesh/protocol'
import type { ValueChange, Values } from '@pastel-mesh/storage'
import type { AddressBook, BookEntry } from './address-book.ts'
import type { CertificateIntake, Taken } from './certificate-intake.ts'
import { sealableUntilMs } from './ended-certificates.ts'

export interface KeptBookComponents {
  readonly values: Values
  readonly book: AddressBook
  readonly intake: CertificateIntake
  /** The node's own PastelID, whose certificate is kept as well: its serial goes on from there. */
  readonly pastelId: PastelId
}

/** Names of the values that hold certificates begin so. */
const PREFIX = 'book/'

/** What changes together is written together: a commit a second at most. */
const GATHER_MS = 1_000
/** A store that did not take it may be full, or be opened anew. */
const RETRY_MS = 30_000
/** Certificates of one commit. */
const MAX_CHANGES = 256
/** Changes that may wait for a store that takes none. */
const MAX_CHANGED = 16_384

/**
 * Keeps the address book on the disk. What was kept is read in the background when the node starts, verified again,
 * one at a time, and dropped if it is no good any more; so a start does not wait for it.
 */
export class KeptBook {
  readonly #components: KeptBookComponents
  /** Whose certificates on the disk are not those of the book. */
  readonly #changed = new Set<PastelId>()
  readonly #stopped = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #stopListening: (() => void) | undefined
  #loading: Promise<void> | undefined
  #writing: Promise<void> | undefined

  constructor(components: KeptBookComponents) {
    this.#components = components
  }

  start(): void {
    this.#stopListening = this.#components.book.listen({
      added: (entry, source) => {
        if (source !== 'kept') this.#change(entry)
      },
      removed: (entry) => this.#change(entry),
    })
    // What cannot be read is not known: its nodes are met again.
    this.#loading = this.#load().catch(() => {})
  }

  /** The node has a new certificate. */
  ownChanged(): void {
    this.#changed.add(this.#components.pastelId)
    this.#schedule(GATHER_MS)
  }

  /**
   * The serial of the certificate that was kept last of the node's own PastelID, be it the node's or that of another
   * which had taken its place; 0: none was.
   */
  async lastSerial(): Promise<number> {
    const { values, pastelId } = this.#components
    try {
      for await (const [, envelope] of values.read(PREFIX + pastelId)) return readCertificate(envelope).serial
    } catch {
      // What cannot be read is not known: the serial is that of a first start.
    }
    return 0
  }

  /** Resolves when what was kept is in the book. */
  async loaded(): Promise<void> {
    await this.#loading
  }

  /** What changed last is on the disk then, if the store takes it. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#stopListening?.()
    clearTimeout(this.#timer)
    await this.#loading
    await this.#writing
    await this.#write().catch(() => {})
  }

  async #load(): Promise<void> {
    const { values, book, intake } = this.#components
    for await (const [name, envelope] of values.read(PREFIX)) {
      if (this.#stopped.signal.aborted) return
      const pastelId = name.slice(PREFIX.length) as PastelId
      const taken = await intake.take(envelope, 'kept')
      if (taken.verdict === 'ignored' && taken.reason === 'expired') await this.#remember(pastelId, envelope)
      // Its node may have shown a newer one meanwhile. What is refused only now, as for want of room, stays.
      if (isForGood(taken) && book.last(pastelId) === undefined) {
        this.#changed.add(pastelId)
      }
    }
    if (this.#changed.size > 0) this.#schedule(GATHER_MS)
  }

  /** One that has ended: its subject may be away. */
  async #remember(pastelId: PastelId, bytes: Uint8Array): Promise<void> {
    const envelope = new Uint8Array(bytes)
    let certificate: Certificate
    try {
      certificate = await openCertificate(envelope)
    } catch {
      // The disk is damaged: it is dropped.
      return
    }
    if (sealableUntilMs(certificate) > Date.now())
      this.#components.book.remember(pastelId, certificate, envelope)
  }

  #change({ pastelId }: BookEntry): void {
    this.#changed.add(pastelId)
    if (this.#changed.size > MAX_CHANGED) this.#forgetGone()
    this.#schedule(GATHER_MS)
  }

  /** What then stays on the disk is found to be no good at the next start. */
  #forgetGone(): void {
    const { book } = this.#components
    for (const pastelId of this.#changed) {
      const isGone = book.last(pastelId) === undefined && pastelId !== this.#components.pastelId
      if (isGone) this.#changed.delete(pastelId)
    }
  }

  #schedule(pauseMs: number): void {
    if (this.#stopped.signal.aborted) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#writing = this.#write().catch(() => this.#schedule(RETRY_MS))
    }, pauseMs)
  }

  async #write(): Promise<void> {
    const { values, book } = this.#components
    while (this.#changed.size > 0) {
      const names = [...this.#changed].slice(0, MAX_CHANGES)
      const changes: ValueChange[] = names.map((pastelId) => {
        const own = book.own?.pastelId === pastelId ? book.own : undefined
        const envelope = (book.last(pastelId) ?? own)?.envelope
        return { name: PREFIX + pastelId, ...(envelope === undefined ? {} : { value: envelope }) }
      })
      for (const name of names) this.#changed.delete(name)
      try {
        await values.write(changes)
      } catch (error) {
        for (const name of names) this.#changed.add(name)
        throw error
      }
    }
  }
}

/** Whether a certificate that was kept will not be taken later either. */
function isForGood(taken: Taken): boolean {
  if (taken.verdict === 'rejected') return true
  return taken.verdict === 'ignored' && FINAL.has(taken.reason)
}

const FINAL = new Set(['not-a-member', 'superseded', 'expired'])
