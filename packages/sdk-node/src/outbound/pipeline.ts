import { randomBytes } from 'node:crypto'
import { MeshError, type Signer } from '@pastel-mesh/identity'
import { type MessageInput, toWireMessage, wireMessageBytes } from '@pastel-mesh/protocol'
import type { MessageStore, StoredBatch } from '@pastel-mesh/storage'
import type { NodeCounters } from '../counters.ts'
import { ChannelWriter } from './channel-writer.ts'
import type { Accepted, Pending, PendingGroup } from './pending.ts'

export interface OutboundOptions {
  readonly network: string
  /** Messages in one batch at most; lower values are for measuring what batching brings. @default 512 */
  readonly maxBatchMessages: number
}

export interface OutboundComponents {
  readonly signer: Signer
  readonly store: MessageStore
  readonly counters: NodeCounters
  /** Takes a batch that is on disk; resolves when the next one may follow. */
  readonly deliver: (batch: StoredBatch) => Promise<void>
}

/** Messages and bytes that wait for their batch. Above it `publish` refuses, and the caller slows down. */
const MAX_PENDING_MESSAGES = 65_536
const MAX_PENDING_BYTES = 64 * 1024 * 1024

/**
 * What happens to every message that this node sends, in this order:
 *
 * check → gather (per channel, while the batch before is being signed or written) → position, encode, chain →
 * sign → one group commit → acknowledge the caller → deliver
 */
export class OutboundPipeline {
  readonly #options: OutboundOptions
  readonly #components: OutboundComponents
  readonly #channels = new Map<string, ChannelWriter>()
  readonly #removeReopened: () => void
  #pendingMessages = 0
  #pendingBytes = 0
  #stopping = false

  constructor(options: OutboundOptions, components: OutboundComponents) {
    this.#options = options
    this.#components = components
    this.#removeReopened = components.store.onReopened(() => {
      for (const writer of this.#channels.values()) writer.beginNewRun()
    })
  }

  /** Room for messages is left. */
  get hasRoom(): boolean {
    return this.#pendingMessages < MAX_PENDING_MESSAGES / 2 && this.#pendingBytes < MAX_PENDING_BYTES / 2
  }

  /**
   * Accepts messages for a channel: resolves when all of them are on disk.
   * @throws MeshError ERR_MESSAGE (nothing was accepted), ERR_OUTBOUND_FULL (nothing was accepted),
   * ERR_STOPPED; StorageError ERR_COMMIT_FAILED, ERR_STORE_UNAVAILABLE; errors of the signer
   */
  async accept(channel: string, inputs: readonly MessageInput[]): Promise<Accepted[]> {
    if (this.#stopping) throw new MeshError('ERR_STOPPED', 'the node is stopping: it takes no more messages')
    if (inputs.length === 0) return []
    const now = Date.now()
    const { promise, resolve, reject } = Promise.withResolvers<Accepted[]>()
    const group: PendingGroup = { results: new Array(inputs.length), left: inputs.length, resolve, reject }
    const pending = inputs.map((input, index): Pending => {
      const wire = toWireMessage(input, now)
      return { wire, sizeBytes: wireMessageBytes(wire), expiresAtMs: input.expiresAtMs ?? 0, group, index }
    })
    this.#reserve(pending)
    try {
      this.#writer(channel).add(pending)
      return await promise
    } finally {
      this.#release(pending)
    }
  }

  /** Takes no more messages, and waits until those that were taken are on disk or refused. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#removeReopened()
    await Promise.all([...this.#channels.values()].map((writer) => writer.settled()))
  }

  #writer(channel: string): ChannelWriter {
    let writer = this.#channels.get(channel)
    if (writer === undefined) {
      writer = new ChannelWriter(
        { ...this.#options, channel, makeRandom: () => randomBytes(8) },
        this.#components,
      )
      this.#channels.set(channel, writer)
    }
    return writer
  }

  #reserve(pending: readonly Pending[]): void {
    const bytes = sumBytes(pending)
    const messages = this.#pendingMessages + pending.length
    if (messages > MAX_PENDING_MESSAGES || this.#pendingBytes + bytes > MAX_PENDING_BYTES) {
      throw new MeshError(
        'ERR_OUTBOUND_FULL',
        `${this.#pendingMessages} messages (${this.#pendingBytes} bytes) wait to be signed and written: wait for their acknowledgement before sending more`,
      )
    }
    this.#pendingMessages = messages
    this.#pendingBytes += bytes
  }

  #release(pending: readonly Pending[]): void {
    this.#pendingMessages -= pending.length
    this.#pendingBytes -= sumBytes(pending)
  }
}

function sumBytes(pending: readonly Pending[]): number {
  return pending.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}
