import {
  decodeLogId,
  type LogRange,
  openSealed,
  ProtocolError,
  type ReceiptRange,
} from '@pastel-mesh/protocol'
import type { LogState, MessageStore, StoredBatch } from '@pastel-mesh/storage'
import { AskBudget } from './ask-budget.ts'
import type { SealingKeys } from './sealing-keys.ts'
import { wentPast, withEntered } from './went-past.ts'

export interface InboxRangesComponents {
  readonly store: MessageStore
  readonly keys: SealingKeys
  /** Name of this node's inbox channel. */
  readonly inbox: string
}

/** The reason for what came after its expiry. */
export const EXPIRED = 'expired'

/** Lost ranges of a log that are looked at. */
const MAX_LOST = 4_096

/** What this node says of ranges of logs that came to its inbox. What is not in the order yet is not among them. */
export class InboxRanges {
  readonly #components: InboxRangesComponents

  constructor(components: InboxRangesComponents) {
    this.#components = components
  }

  /**
   * What became of the part of a range that this node went past, as far as the budget reaches.
   */
  async of(
    { log, first, last }: LogRange,
    { budget = new AskBudget() }: { budget?: AskBudget } = {},
  ): Promise<ReceiptRange[]> {
    const { store, inbox } = this.#components
    if ((await this.stateOf(log))?.channel !== inbox) return []
    const options = { maxLost: MAX_LOST, lostReason: 'denied' }
    const past = await wentPast({ log, first, last }, store, options)
    if (past === undefined) return []
    let { end } = past
    const ranges = [...past.exceptions]
    for await (const batch of store.readLog({ log, first, last: end })) {
      if (!budget.spend(batch.envelope.length)) {
        end = batch.signed.batch.first - 1
        break
      }
      const said = await this.ofStored(batch)
      if (said.outcome !== 'entered') ranges.push(said)
    }
    if (end < first) return []
    return withEntered({ log, first, last: end }, ranges)
  }

  /** What is said of a batch that is in the order. */
  async ofStored(batch: Pick<StoredBatch, 'signed' | 'receivedAtMs' | 'isReadable'>): Promise<ReceiptRange> {
    const { first, count, expiresAtMs } = batch.signed.batch
    const range = { log: batch.signed.log, first, last: first + count - 1 }
    // It came too late to be shown to anybody.
    if (batch.receivedAtMs >= expiresAtMs) return { ...range, outcome: 'rejected', reason: EXPIRED }
    return batch.isReadable ? { ...range, outcome: 'entered', reason: '' } : this.ofUnreadable(batch)
  }

  /** What is said of a batch that is stored and cannot be read. */
  async ofUnreadable({ signed: { log, batch } }: Pick<StoredBatch, 'signed'>): Promise<ReceiptRange> {
    const { first, count } = batch
    const reason = await this.whyUnreadable(batch)
    return { log, first, last: first + count - 1, outcome: 'rejected', reason }
  }

  /** Why a sealed batch does not open: the sender may seal it again to another key, or there is nothing to be done. */
  async whyUnreadable(batch: StoredBatch['signed']['batch']): Promise<'key-unknown' | 'seal'> {
    try {
      await openSealed(batch, (id) => this.#components.keys.keyOf(id))
      return 'seal'
    } catch (error) {
      if (error instanceof ProtocolError && error.code === 'ERR_SEAL_KEY_UNKNOWN') return 'key-unknown'
      return 'seal'
    }
  }

  /** Whether a channel is this node's inbox. */
  isInbox(channel: string): boolean {
    return channel === this.#components.inbox
  }

  /** What is known of a log. */
  stateOf(log: LogRange['log']): Promise<LogState | undefined> {
    return this.#components.store.log(log, decodeLogId(log))
  }
}
