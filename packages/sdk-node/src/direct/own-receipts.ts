import type { PastelId } from '@pastel-mesh/identity'
import { decodeLogId, type LogRange, MAX_DIRECT_LIFETIME_MS, type ReceiptRange } from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import { pastelIdOf } from '../pastel-id-of.ts'
import type { AskBudget } from './ask-budget.ts'
import type { InboxRanges } from './inbox-ranges.ts'
import type { KnownReceipt } from './receipt-check.ts'

export interface OwnReceiptsComponents {
  readonly store: MessageStore
  readonly inbox: InboxRanges
  /** The node's own public key. */
  readonly own: Uint8Array
  /** Name of this node's inbox channel. */
  readonly channel: string
}

/** What is said of messages of one sender. */
export interface SaidOf {
  readonly sender: PastelId
  readonly ranges: readonly ReceiptRange[]
}

/** A clock may be set back by so much between a message and its receipt, which is no restored copy. */
const CLOCK_STEP_MS = 1_000

/**
 * What this node still has of what its own receipts say: others show them to it. If it lacks something it was restored from
 * an older copy, and its operator is told; its answer tells the others what to deliver again.
 */
export class OwnReceipts {
  readonly #components: OwnReceiptsComponents

  constructor(components: OwnReceiptsComponents) {
    this.#components = components
  }

  /** @param receipt one of this node's own */
  async look({ content }: KnownReceipt, budget: AskBudget): Promise<SaidOf[]> {
    const { inbox, store, own, channel } = this.#components
    const said: SaidOf[] = []
    const missing: LogRange[] = []
    const again: LogRange[] = []
    for (const range of content.ranges) {
      const state = await inbox.stateOf(range.log)
      const next = state?.channel === channel ? state.next : 0
      // What was given up or went past is in order: its end tells.
      const isComplete = next > range.last
      if (isComplete && (await this.#cameAgain(range, content.createdAtMs))) again.push(range)
      const ranges = await inbox.of(isComplete ? { ...range, first: range.last } : range, { budget })
      if (state !== undefined) said.push({ sender: pastelIdOf(state.sender), ranges })
      if (!isComplete && range.outcome !== 'rejected')
        missing.push({ ...range, first: Math.max(range.first, next) })
    }
    const [first] = [...missing, ...again]
    // What is older was forgotten, and nobody keeps it any more.
    if (first !== undefined && content.createdAtMs > Date.now() - MAX_DIRECT_LIFETIME_MS) {
      const count = missing.reduce((sum, range) => sum + range.last - range.first + 1, 0)
      const missed = count === 1 ? 'a message is missing' : `${count} messages are missing`
      const what = count > 0 ? missed : 'they came once more'
      const about = { log: first.log, logBytes: decodeLogId(first.log), batch: { sender: own, channel } }
      await store.alert('restored', about, `${what}, by a receipt of its own`)
    }
    return said
  }

  /** Log sync may have been faster: then a message was taken in after this node had said that it was there. */
  async #cameAgain({ log, last }: LogRange, saidAtMs: number): Promise<boolean> {
    for await (const { receivedAtMs } of this.#components.store.readLog({ log, first: last, last })) {
      return receivedAtMs > saidAtMs + CLOCK_STEP_MS
    }
    return false
  }
}
