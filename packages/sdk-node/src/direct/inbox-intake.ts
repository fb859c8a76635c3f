import {
  type MessageContent,
  openSealedMessages,
  ProtocolError,
  type SignedBatch,
} from '@pastel-mesh/protocol'
import type { ValueChange } from '@pastel-mesh/storage'
import type { NodeCounters } from '../counters.ts'
import type { InboxDoubles } from './inbox-doubles.ts'
import type { SealingKeys } from './sealing-keys.ts'

/** A batch to this node's inbox that does open. */
export interface OpenedBatch {
  /** What opens it, 64 bytes. */
  readonly secret: Uint8Array
  readonly messages: readonly MessageContent[]
}

export interface InboxIntakeComponents {
  readonly keys: SealingKeys
  readonly doubles: InboxDoubles
  readonly counters: Pick<NodeCounters, 'unreadable'>
}

/** What happens to a batch that comes to this node's inbox, beside what happens to all. */
export class InboxIntake {
  readonly #components: InboxIntakeComponents

  constructor(components: InboxIntakeComponents) {
    this.#components = components
  }

  /** Undefined: it does not open, and is stored as it is. */
  async open({ batch }: SignedBatch): Promise<OpenedBatch | undefined> {
    try {
      return await openSealedMessages(batch, (id) => this.#components.keys.keyOf(id))
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#components.counters.unreadable += 1
      return undefined
    }
  }

  /** What is written with it; nothing of its log is taken in meanwhile. @throws StorageError */
  noted(signed: SignedBatch, { messages }: OpenedBatch): Promise<readonly ValueChange[]> {
    return this.#components.doubles.noted(signed, messages)
  }
}
