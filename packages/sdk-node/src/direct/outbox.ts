import { MeshError } from '@pastel-mesh/identity'
import type { MessageStore } from '@pastel-mesh/storage'
import type { WaitingMessages } from './waiting-messages.ts'

export interface OutboxOptions {
  /** Bytes of direct messages of this node that are not delivered yet; above it `send` refuses. @default 1 GiB */
  readonly maxBytes?: number
}

export interface OutboxComponents {
  readonly store: MessageStore
  readonly waiting: WaitingMessages
}

/** How much of this node's direct messages is not delivered yet. */
export interface OutboxStatus {
  /** In signed batches on disk, and in messages that wait for certificates or are being written. */
  readonly usedBytes: number
  readonly maxBytes: number
}

/**
 * What is not delivered is kept whatever retention says, for 30 days at most: a sixteenth of what is kept in all, so
 * that recipients who never come cannot fill the disk; for a thousand who are away it is a megabyte each.
 */
const DEFAULT_MAX_BYTES = 1024 ** 3

/**
 * The room for direct messages of this node that are not delivered yet. They are kept until their recipients have them or
 * they expire; so what finds no room is refused before anything of it is stored.
 */
export class Outbox {
  readonly #maxBytes: number
  readonly #components: OutboxComponents
  /** Of messages that are being written. */
  #reservedBytes = 0

  constructor({ maxBytes = DEFAULT_MAX_BYTES }: OutboxOptions, components: OutboxComponents) {
    this.#maxBytes = maxBytes
    this.#components = components
  }

  get status(): OutboxStatus {
    const { store, waiting } = this.#components
    const usedBytes = store.carriedBytes().ownBytes + waiting.sizeBytes + this.#reservedBytes
    return { usedBytes, maxBytes: this.#maxBytes }
  }

  /** If there is no room for some bytes: lets go of what has expired. @throws StorageError */
  async makeRoom(sizeBytes: number): Promise<void> {
    if (this.#hasRoom(sizeBytes)) return
    await this.#components.waiting.sweep()
    await this.#components.store.removeDue()
  }

  /**
   * Takes room for messages until they are on disk, and counted there, or refused.
   * @returns gives it back
   * @throws MeshError ERR_OUTBOX_FULL
   */
  reserve(sizeBytes: number): () => void {
    this.assertRoom(sizeBytes)
    this.#reservedBytes += sizeBytes
    return () => {
      this.#reservedBytes -= sizeBytes
    }
  }

  /** @throws MeshError ERR_OUTBOX_FULL */
  assertRoom(sizeBytes: number): void {
    if (this.#hasRoom(sizeBytes)) return
    const { usedBytes, maxBytes } = this.status
    throw new MeshError(
      'ERR_OUTBOX_FULL',
      `nothing was sent, for the outbox is full: ${usedBytes} of ${maxBytes} bytes are direct messages that are not delivered yet, and this takes ${sizeBytes}; wait until recipients have theirs or they expire, or set outbox.maxSize higher`,
    )
  }

  #hasRoom(sizeBytes: number): boolean {
    const { usedBytes, maxBytes } = this.status
    return usedBytes + sizeBytes <= maxBytes
  }
}
