import type { MessageStore } from '@pastel-mesh/storage'
import type { AddressBook } from '../connection/address-book.ts'
import type { MemberRegistry } from '../members/member-registry.ts'
import type { DirectPeers } from './direct-peers.ts'
import { KeptReceipts } from './kept-receipts.ts'
import type { ReceiptCheck } from './receipt-check.ts'
import type { ReceiptMaker } from './receipt-maker.ts'
import { TopicQuestions } from './topic-questions.ts'
import { type TopicStatus, TopicStatusReader } from './topic-status.ts'
import { TopicTeller } from './topic-teller.ts'

export interface TopicReceiptsComponents {
  readonly store: MessageStore
  /** The node's own public key. */
  readonly own: Uint8Array
  readonly book: AddressBook
  readonly registry: MemberRegistry
  readonly peers: DirectPeers
  readonly check: ReceiptCheck
  readonly maker: ReceiptMaker
}

/** Receipts about topics that are kept, and their bytes: without one its member is asked again. */
const MAX_RECEIPTS = 1_024
const MAX_BYTES = 4 * 1024 * 1024

/** Who stores what this node wrote to topics, and what this node stores of others: receipts on request, both ways. */
export class TopicReceipts {
  readonly teller: TopicTeller
  readonly #kept: KeptReceipts
  readonly #status: TopicStatusReader

  constructor(components: TopicReceiptsComponents) {
    const limits = { prefix: 'topic-receipt/', maxReceipts: MAX_RECEIPTS, maxBytes: MAX_BYTES }
    this.#kept = new KeptReceipts(limits, components)
    this.teller = new TopicTeller(components)
    const questions = new TopicQuestions({ ...components, kept: this.#kept })
    this.#status = new TopicStatusReader({ ...components, questions, kept: this.#kept })
  }

  /** Reads what was kept. @throws StorageError */
  start(): Promise<void> {
    return this.#kept.start()
  }

  async stop(): Promise<void> {
    this.#status.stop()
    await this.teller.stop()
  }

  /** @throws as {@link TopicStatusReader.status} */
  status(id: string, signal?: AbortSignal): Promise<TopicStatus> {
    return this.#status.status(id, signal)
  }

  /** Lets go of the receipts of logs of which nothing is stored any more. */
  sweep(): Promise<void> {
    return this.#kept.sweep()
  }
}
