import type { PastelId } from '@pastel-mesh/identity'
import type { DirectPeers } from './direct-peers.ts'
import { inFrames } from './frame-room.ts'
import type { KnownReceipt } from './receipt-check.ts'

export interface MailboxTellerComponents {
  readonly peers: DirectPeers
}

/** Receipts that wait to be told to one mailbox, as many as are kept; above it the oldest are not told. */
const MAX_DUE = 4_096

/**
 * Tells mailboxes of receipts: who keeps what its recipient has need not keep it any more. Each is asked one question at
 * a time; what comes meanwhile is told together. If that fails it is told when it is there again, or keeps it until it
 * expires.
 */
export class MailboxTeller {
  readonly #components: MailboxTellerComponents
  /** By the name of who gave it and its serial. */
  readonly #due = new Map<PastelId, Map<string, KnownReceipt>>()

  constructor(components: MailboxTellerComponents) {
    this.#components = components
  }

  tell(name: PastelId, receipts: readonly KnownReceipt[]): void {
    if (receipts.length === 0 || !this.#components.peers.isConnected(name)) return
    const waiting = this.#due.get(name)
    const due = waiting ?? new Map<string, KnownReceipt>()
    for (const receipt of receipts) due.set(`${receipt.by} ${receipt.content.serial}`, receipt)
    for (const key of due.keys()) {
      if (due.size <= MAX_DUE) break
      due.delete(key)
    }
    if (waiting !== undefined) return
    this.#due.set(name, due)
    void this.#tellAll(name, due)
  }

  async #tellAll(name: PastelId, due: Map<string, KnownReceipt>): Promise<void> {
    try {
      while (due.size > 0) {
        const [frame = []] = inFrames([...due.values()])
        for (const { by, content } of frame) due.delete(`${by} ${content.serial}`)
        await this.#components.peers.ask(name, { kind: 'receipts', receipts: frame })
      }
    } catch {
      // The connection is gone, or it answers wrongly.
    } finally {
      this.#due.delete(name)
    }
  }
}
