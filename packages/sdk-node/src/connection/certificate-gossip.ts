import type { PastelId } from '@pastel-mesh/identity'
import { certificateGossipTopic } from '@pastel-mesh/protocol'
import type { Gossip } from '../gossip/gossip.ts'
import type { AddressBook } from './address-book.ts'
import type { CertificateIntake } from './certificate-intake.ts'

export interface CertificateGossipOptions {
  readonly network: string
}

export interface CertificateGossipComponents {
  readonly gossip: Pick<Gossip, 'joinControl' | 'onSubscriptions' | 'publishControl'>
  readonly intake: Pick<CertificateIntake, 'take'>
  readonly book: AddressBook
  readonly onError: (error: unknown) => void
}

/** Others' certificates that wait for somebody to hear them: what is more, the exchange of books brings. */
const MAX_WAITING = 64
/** What comes together is sent together. */
const GATHER_MS = 50

/**
 * Certificates by gossip, so that a network hears of a new node, or of new topics of one, within moments: each node
 * sends its own, and once what it learned in another way, for peers that came to it may reach nobody else.
 */
export class CertificateGossip {
  readonly #components: CertificateGossipComponents
  readonly #topic: string
  /** Whose certificates are to be sent when there is somebody who hears it. */
  readonly #waiting = new Set<PastelId>()
  #timer: NodeJS.Timeout | undefined
  #removeListener: (() => void) | undefined
  #isRunning = false

  constructor({ network }: CertificateGossipOptions, components: CertificateGossipComponents) {
    this.#components = components
    this.#topic = certificateGossipTopic(network)
  }

  start(): void {
    const { gossip } = this.#components
    gossip.joinControl(this.#topic, (envelope) => this.#receive(envelope))
    this.#removeListener = gossip.onSubscriptions(() => this.#schedule())
    this.#isRunning = true
    this.#schedule()
  }

  stop(): void {
    this.#isRunning = false
    this.#removeListener?.()
    clearTimeout(this.#timer)
  }

  /** Sends the certificate of a PastelID, as the book has it then. The node's own always goes. */
  spread(pastelId: PastelId): void {
    if (this.#waiting.size >= MAX_WAITING && this.#components.book.own?.pastelId !== pastelId) return
    this.#waiting.add(pastelId)
    this.#schedule()
  }

  async #receive(envelope: Uint8Array): Promise<'accept' | 'ignore' | 'reject'> {
    const taken = await this.#components.intake.take(envelope)
    if (!('pastelId' in taken)) return taken.verdict === 'rejected' ? 'reject' : 'ignore'
    // Somebody else has sent it, and it is forwarded now.
    const wasWaiting = this.#waiting.delete(taken.pastelId)
    return taken.verdict === 'new' || wasWaiting ? 'accept' : 'ignore'
  }

  #schedule(): void {
    if (!this.#isRunning || this.#waiting.size === 0) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#send().catch(this.#components.onError)
    }, GATHER_MS)
  }

  async #send(): Promise<void> {
    const { book, gossip } = this.#components
    for (const pastelId of this.#waiting) {
      const entry = book.own?.pastelId === pastelId ? book.own : book.entry(pastelId)
      const isSent =
        entry?.envelope === undefined || (await gossip.publishControl(this.#topic, entry.envelope))
      if (!isSent || !this.#isRunning) return
      this.#waiting.delete(pastelId)
    }
  }
}
