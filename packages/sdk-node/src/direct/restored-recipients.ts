import type { PastelId } from '@pastel-mesh/identity'
import { decodeLogId, inboxChannel, type LogRange, type ReceiptRange } from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import { isConnectionGone } from '../connection/is-connection-gone.ts'
import type { Deliveries } from './deliveries.ts'
import type { DirectPeers } from './direct-peers.ts'
import { inFrames } from './frame-room.ts'
import type { LeftRanges } from './left-ranges.ts'
import type { ReceiptBook } from './receipt-book.ts'
import type { KnownReceipt } from './receipt-check.ts'

export interface RestoredRecipientsComponents {
  readonly store: MessageStore
  /** The node's own public key. */
  readonly own: Uint8Array
  readonly peers: DirectPeers
  readonly receipts: ReceiptBook
  readonly left: LeftRanges
  readonly deliveries: Deliveries
  readonly onError: (error: unknown) => void
}

/**
 * Receipts that a recipient is shown at first: an older copy of its store lacks the newest. Only if it does not have all
 * of these it is shown those before.
 */
const FIRST_SHOWN = 8

/**
 * Notices that a recipient was restored from an older copy, or began anew: what it gave receipts for it has no more. Each
 * time that it connects it is shown its newest receipts, and says how far it has what they are about. What it has not is
 * delivered again, as far as it is kept here: by its sender, and by those who keep it as mailboxes.
 */
export class RestoredRecipients {
  readonly #components: RestoredRecipientsComponents
  readonly #asking = new Map<PastelId, Promise<void>>()
  /** Of these, those who have connected once more meanwhile. */
  readonly #again = new Set<PastelId>()
  #isStopped = false

  constructor(components: RestoredRecipientsComponents) {
    this.#components = components
  }

  connected(name: PastelId): void {
    if (this.#asking.has(name)) {
      this.#again.add(name)
      return
    }
    const asking = this.#ask(name)
      .catch((error) => {
        // It is asked when it is there again.
        if (this.#components.peers.isConnected(name) && !isConnectionGone(error))
          this.#components.onError(error)
      })
      .finally(() => {
        this.#asking.delete(name)
        if (this.#again.delete(name) && !this.#isStopped) this.connected(name)
      })
    this.#asking.set(name, asking)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all(this.#asking.values())
  }

  async #ask(name: PastelId): Promise<void> {
    const { receipts, peers } = this.#components
    const known = receipts.by(name).reverse()
    const first = known.slice(0, FIRST_SHOWN)
    // Nothing counts that is not above it, and its clock, or what it remembers, may be behind: it is to go on from there.
    const last = receipts.lastVoid(name)
    const isBehind = last !== undefined && (known[0]?.content.serial ?? 0) < last.content.serial
    if (isBehind) await peers.ask(name, { kind: 'receipts', receipts: [last] })
    for (const shown of [...inFrames(first), ...inFrames(known.slice(FIRST_SHOWN), MAX_SHOWN)]) {
      const answer = await peers.ask(name, { kind: 'receipts', receipts: shown })
      const said: KnownReceipt[] = []
      for (const one of answer.receipts) {
        const taken = await receipts.take(one)
        if (taken?.by === name) said.push(taken)
      }
      const missing = missingOf(shown, said)
      if (missing.length === 0) return
      await this.#reopen(name, shown, missing)
    }
  }

  async #reopen(name: PastelId, shown: readonly KnownReceipt[], missing: readonly LogRange[]): Promise<void> {
    const { store, own, receipts, left, deliveries } = this.#components
    // Before anything is delivered again: what somebody still tells of the time before settles nothing any more.
    await receipts.voidUntil(name, shown, missing)
    for (const log of new Set(missing.map(({ log }) => log))) await left.forget(log)
    const again = await store.reopen(missing, own)
    const [first] = again
    if (first === undefined) return
    const state = await store.log(first.log, decodeLogId(first.log))
    const count = again.reduce((sum, range) => sum + range.last - range.first + 1, 0)
    if (state !== undefined) {
      const about = { log: first.log, logBytes: decodeLogId(first.log), batch: state }
      await store.alert(
        'recipient-restored',
        about,
        `${count === 1 ? 'a message' : `${count} messages`} again, the first of ${inboxChannel(name)}`,
      )
    }
    deliveries.reopened(name)
  }
}

/** Receipts in one question: what the recipient looks up for it is bounded, and what it lets out it is taken to lack. */
const MAX_SHOWN = 16

/** What receipts say that a recipient went past, and what it says now lets out. */
function missingOf(shown: readonly KnownReceipt[], said: readonly KnownReceipt[]): LogRange[] {
  const ends = new Map<string, number>()
  for (const { log, last } of rangesOf(said)) ends.set(log, Math.max(ends.get(log) ?? -1, last))
  return rangesOf(shown)
    .filter(({ outcome, log, last }) => outcome !== 'rejected' && (ends.get(log) ?? -1) < last)
    .map(({ log, first, last }) => ({ log, first: Math.max(first, (ends.get(log) ?? -1) + 1), last }))
}

function rangesOf(receipts: readonly KnownReceipt[]): ReceiptRange[] {
  return receipts.flatMap(({ content }) => content.ranges)
}
