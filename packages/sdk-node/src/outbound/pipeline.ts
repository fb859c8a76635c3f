import { randomBytes } from 'node:crypto'
import { MeshError, type Signer } from '@pastel-mesh/identity'
import {
  type BatchHeader,
  MAX_BATCH_MESSAGES,
  type MessageInput,
  type SealedContent,
  toWireMessage,
  wireMessageBytes,
} from '@pastel-mesh/protocol'
import type { MessageStore, StoredBatch } from '@pastel-mesh/storage'
import { refuseMarks } from '../carried/carried-mark.ts'
import type { NodeCounters } from '../counters.ts'
import { ChannelWriter } from './channel-writer.ts'
import { OnceKeys } from './once-keys.ts'
import { type Accepted, PendingGroup, type PreparedMessage, Sequence } from './pending.ts'
import { type MessageSource, publishInOrder } from './publish-many.ts'

export interface OutboundOptions {
  readonly network: string
  /**
   * Messages in one batch at most, 1 to 512; lower values are for measuring what batching brings.
   * @default 512
   */
  readonly maxBatchMessages: number
  /** How long a signature may take. @default 30 seconds */
  readonly signTimeoutMs?: number
}

export interface OutboundComponents {
  readonly signer: Signer
  readonly store: MessageStore
  readonly counters: NodeCounters
  /** Takes a batch that is on disk; resolves when the next one may follow. */
  readonly deliver: (batch: StoredBatch) => Promise<void>
  /** Seals what goes to an inbox. @throws MeshError if the recipient has no sealing key */
  readonly seal?: (header: BatchHeader, payload: Uint8Array) => Promise<SealedContent>
  /** Throws if nothing may be published now. @default it always may */
  readonly assertMayPublish?: () => void
}

/** What is done with messages that are published one behind the other. */
export interface PublishManyParts {
  /** Checks a message. @throws MeshError */
  readonly prepare?: (input: MessageInput, nowMs: number) => PreparedMessage
  /** Told of each message that is on disk, in their order: if one is refused, of those before it. */
  readonly onStored?: ((accepted: Accepted) => void) | undefined
  /** Takes room for some. @returns gives it back. @throws MeshError */
  readonly reserve?: (chunk: readonly PreparedMessage[]) => () => void
}

/** Messages and bytes that wait for their batch. Above it `publish` refuses, and the caller slows down. */
const MAX_PENDING_MESSAGES = 65_536
const MAX_PENDING_BYTES = 64 * 1024 * 1024

/** Channels whose log is gone on with; of one that was idle for longer the next message begins a new run. */
const MAX_CHANNELS = 4096

/** In place of a position in the order, of a message that retention has removed. */
const ARRIVAL_REMOVED = -1

/** How long a signer that does not answer can hold up the end. */
const STOP_GRACE_MS = 5_000

/**
 * What happens to every message that this node sends, in this order:
 *
 * check → gather (per channel, while the batch before is being signed or written) → position, encode, chain →
 * sign → one group commit → acknowledge the caller → deliver
 */
export class OutboundPipeline {
  readonly #options: OutboundOptions
  readonly #components: OutboundComponents
  /** The one that was written to last is at the end. */
  readonly #channels = new Map<string, ChannelWriter>()
  /** What is sent once. */
  readonly once: OnceKeys
  readonly #removeReopened: () => void
  #pendingMessages = 0
  #pendingBytes = 0
  #stopping = false

  constructor(options: OutboundOptions, components: OutboundComponents) {
    const maxBatchMessages = Math.min(MAX_BATCH_MESSAGES, Math.max(1, options.maxBatchMessages))
    this.#options = { ...options, maxBatchMessages }
    this.#components = components
    this.once = new OnceKeys({ values: components.store.values })
    this.#removeReopened = components.store.onReopened(() => {
      for (const writer of this.#channels.values()) writer.beginNewRun()
    })
  }

  /** Channels whose log is gone on with. */
  get channels(): number {
    return this.#channels.size
  }

  /**
   * Accepts messages for a channel: resolves when all of them are on disk.
   * @throws MeshError ERR_MESSAGE (nothing was accepted), ERR_OUTBOUND_FULL (nothing was accepted),
   * ERR_STOPPED; StorageError ERR_DISK_RESERVE (nothing more is stored), ERR_COMMIT_FAILED,
   * ERR_STORE_UNAVAILABLE; errors of the signer
   */
  async accept(channel: string, inputs: readonly MessageInput[]): Promise<Accepted[]> {
    const now = Date.now()
    return this.acceptPrepared(
      channel,
      inputs.map((input) => prepareMessage(input, now)),
    )
  }

  /**
   * The same for one message, unless it is there already under the key: then what was answered the first time.
   * @throws as {@link accept}; MeshError ERR_ONCE_KEY, ERR_ONCE_DIFFERS, ERR_ONCE_FULL
   */
  async acceptOnce(channel: string, input: MessageInput, key: string): Promise<Accepted> {
    const message = prepareMessage(input, Date.now())
    let stored: Accepted | undefined
    const id = await this.once.call(key, [channel], message).send(async (noted) => {
      const [accepted] = await this.#accept(channel, [{ ...message, noted }])
      stored = accepted as Accepted
      return stored.id
    })
    if (stored !== undefined) return stored
    const found = await this.#components.store.findMessage(id)
    const arrival = found === undefined ? ARRIVAL_REMOVED : found.stored.position + found.index
    return { id: id as Accepted['id'], arrival }
  }

  /** The same for messages that were checked before. @param sequence of which nothing is accepted once some was refused */
  acceptPrepared(
    channel: string,
    messages: readonly PreparedMessage[],
    sequence?: Sequence,
  ): Promise<Accepted[]> {
    return this.#accept(channel, messages, sequence)
  }

  /**
   * Publishes messages in order, no faster than they are stored.
   * @throws as {@link accept}: those before are stored, the rest is not; the signal's reason
   */
  publishMany(
    channel: string,
    messages: MessageSource,
    signal?: AbortSignal,
    { prepare = prepareMessage, onStored, reserve = () => () => {} }: PublishManyParts = {},
  ): Promise<Accepted[]> {
    const publisher = {
      prepare: (input: MessageInput) => prepare(input, Date.now()),
      accept: async (chunk: readonly PreparedMessage[], sequence: Sequence) => {
        const release = reserve(chunk)
        return this.#accept(channel, chunk, sequence, onStored).finally(release)
      },
    }
    return publishInOrder(messages, publisher, signal)
  }

  /**
   * Takes no more messages, and waits until those that were taken are on disk or refused.
   * @param options.graceMs how long a signer may take for that; what it has not signed by then is refused
   */
  async stop({ graceMs = STOP_GRACE_MS }: { graceMs?: number } = {}): Promise<void> {
    this.#stopping = true
    const writers = [...this.#channels.values()]
    const timer = setTimeout(() => {
      const error = new MeshError('ERR_STOPPED', 'the node stopped before the message was signed')
      for (const writer of writers) writer.giveUp(error)
    }, graceMs)
    await Promise.all(writers.map((writer) => writer.settled()))
    clearTimeout(timer)
    this.#removeReopened()
  }

  async #accept(
    channel: string,
    messages: readonly PreparedMessage[],
    sequence: Sequence = new Sequence(),
    onStored?: (accepted: Accepted) => void,
  ): Promise<Accepted[]> {
    if (this.#stopping) throw new MeshError('ERR_STOPPED', 'the node is stopping: it takes no more messages')
    if (messages.length === 0) return []
    const release = this.#admit(messages, sequence)
    const group = new PendingGroup(messages.length, sequence, onStored)
    try {
      this.#writer(channel).add(messages.map((message, index) => ({ ...message, group, index })))
      return await group.outcome
    } finally {
      release()
    }
  }

  /** @throws why no message is accepted now */
  assertTaking(): void {
    if (this.#stopping) throw new MeshError('ERR_STOPPED', 'the node is stopping: it takes no more messages')
    this.#components.assertMayPublish?.()
    this.#components.store.disk.assertRoom()
  }

  /** @returns gives back the room that messages take. @throws why none of a sequence is accepted from here on */
  #admit(messages: readonly PreparedMessage[], sequence: Sequence): () => void {
    if (sequence.isBroken) throw sequence.error
    try {
      this.#components.assertMayPublish?.()
      this.#components.store.disk.assertRoom()
      return this.#reserve(messages)
    } catch (error) {
      sequence.break(error)
      throw error
    }
  }

  #writer(channel: string): ChannelWriter {
    let writer = this.#channels.get(channel)
    if (writer === undefined) {
      this.#forgetIdle()
      writer = new ChannelWriter(
        { ...this.#options, channel, makeRandom: () => randomBytes(8) },
        this.#components,
      )
    } else {
      this.#channels.delete(channel)
    }
    this.#channels.set(channel, writer)
    return writer
  }

  #forgetIdle(): void {
    for (const [channel, writer] of this.#channels) {
      if (this.#channels.size < MAX_CHANNELS) return
      if (writer.isIdle) this.#channels.delete(channel)
    }
  }

  #reserve(messages: readonly PreparedMessage[]): () => void {
    const count = messages.length
    const bytes = messages.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    if (
      this.#pendingMessages + count > MAX_PENDING_MESSAGES ||
      this.#pendingBytes + bytes > MAX_PENDING_BYTES
    ) {
      throw new MeshError(
        'ERR_OUTBOUND_FULL',
        `${this.#pendingMessages} messages (${this.#pendingBytes} bytes) wait to be signed and written: wait for their acknowledgement before sending more`,
      )
    }
    this.#pendingMessages += count
    this.#pendingBytes += bytes
    return () => {
      this.#pendingMessages -= count
      this.#pendingBytes -= bytes
    }
  }
}

/** Checks a message of a caller. @throws MeshError ERR_MESSAGE */
export function prepareMessage(input: MessageInput, nowMs: number): PreparedMessage {
  refuseMarks(input)
  const wire = toWireMessage(input, nowMs)
  return { wire, sizeBytes: wireMessageBytes(wire), expiresAtMs: input.expiresAtMs ?? 0 }
}
