import { MeshError, type PastelId, parsePastelId } from '@pastel-mesh/identity'
import {
  type BatchHeader,
  inboxChannel,
  MAX_DIRECT_LIFETIME_MS,
  MAX_PAYLOAD_BYTES,
  type MessageInput,
  parseChannel,
  type SealedContent,
  sealPayload,
} from '@pastel-mesh/protocol'
import type { HandOver } from '../carried/hand-over.ts'
import type { AddressBook } from '../connection/address-book.ts'
import { sealableUntilMs } from '../connection/ended-certificates.ts'
import type { MemberRegistry } from '../members/member-registry.ts'
import type { Noted, OnceCall } from '../outbound/once-keys.ts'
import { type PreparedMessage, Sequence } from '../outbound/pending.ts'
import { type OutboundPipeline, prepareMessage } from '../outbound/pipeline.ts'
import type { MessageSource } from '../outbound/publish-many.ts'
import type { Outbox } from './outbox.ts'
import { sendToEach } from './partly-sent-error.ts'
import { RecipientTasks } from './recipient-tasks.ts'
import type { SealingKeys } from './sealing-keys.ts'
import { isWaitingId, type WaitingMessages } from './waiting-messages.ts'

export interface DirectSenderComponents {
  readonly own: PastelId
  readonly keys: SealingKeys
  readonly book: AddressBook
  readonly registry: MemberRegistry
  readonly waiting: WaitingMessages
  readonly outbox: Outbox
  readonly outbound: () => OutboundPipeline
  /** Another way for what waits. @default there is none */
  readonly handOver?: Pick<HandOver, 'isPrompt' | 'settle' | 'some'>
  readonly onError: (error: unknown) => void
  /** What waited and could not be sent is tried again after so long. @default 5 seconds */
  readonly retryMs?: number
}

/** A message to one recipient that is on disk. */
export interface Sent {
  readonly recipient: PastelId
  /** Of the message; while its recipient has shown no certificate, one that `status` knows as well. */
  readonly id: string
  readonly state: 'accepted' | 'waiting-for-certificate'
}

/** Told of a message that is on disk. */
type OnAccepted = (id: string, state: Sent['state']) => void

/** Messages that say nothing else are delivered for a week: who is away for longer is rarely waited for. */
const DEFAULT_LIFETIME_MS = 7 * 24 * 60 * 60_000
/** Messages of different expiry cannot share a batch and its signature: so it is rounded up. */
const ROUND_MS = 60 * 60_000
/** Messages that waited for a certificate and are sent at a time. */
const MAX_TAKEN = 64

/**
 * Accepts messages for members: into their logs, if their sealing keys are known, or to wait until they are.
 *
 * ```
 *   send ── a certificate is known ──────────────────▶ sealed, signed, on disk ──▶ delivered
 *     │                                                    ▲
 *     └── none is ──▶ waiting, on disk ── it is shown ─────┘ in the order in which they were accepted
 *                        └── it is not, and there is a carrier ──▶ handed over, on disk
 * ```
 */
export class DirectSender {
  readonly #components: DirectSenderComponents
  /** Recipients whose waiting messages are being sent: what is new goes behind. */
  readonly #flushing: RecipientTasks
  #isRunning = false

  constructor(components: DirectSenderComponents) {
    this.#components = components
    this.#flushing = new RecipientTasks({
      act: (recipient) => this.#flush(recipient),
      onError: components.onError,
      retryMs: components.retryMs,
    })
  }

  /** The node may send now. */
  begin(): void {
    this.#isRunning = true
    for (const recipient of this.#components.waiting.recipients()) this.known(recipient)
  }

  async stop(): Promise<void> {
    this.#isRunning = false
    await this.#flushing.stop()
  }

  /** Seals what goes to an inbox. @throws MeshError ERR_NO_CERTIFICATE */
  seal(header: BatchHeader, payload: Uint8Array): Promise<SealedContent> {
    const channel = parseChannel(header.channel)
    const key =
      channel.kind === 'inbox' ? this.sealingKeyOf(channel.recipient, header.expiresAtMs) : undefined
    if (key === undefined) {
      throw new MeshError('ERR_NO_CERTIFICATE', `nobody knows a key to seal what goes to ${header.channel}`)
    }
    return sealPayload(header, payload, key)
  }

  /**
   * Accepts a message for some recipients; resolves when it is on disk for all of them.
   * @param onceKey those for whom it is there already under this key get it no more
   * @throws MeshError ERR_PASTELID_LENGTH and the like, ERR_NOT_A_MEMBER, ERR_OUTBOX_FULL (nothing was accepted),
   * ERR_MESSAGE and as `publish`; PartlySentError if some of it was accepted before
   */
  async send(recipients: readonly PastelId[], input: MessageInput, onceKey?: string): Promise<Sent[]> {
    const names = this.#checked(recipients)
    const message = prepareDirect(input, Date.now())
    const { outbox, outbound } = this.#components
    const once = onceKey === undefined ? undefined : outbound().once.call(onceKey, names, message)
    const sizeBytes = this.#outboxBytes(once === undefined ? names : await once.withoutKnown(names), [
      message,
    ])
    await outbox.makeRoom(sizeBytes)
    // For all of them before any: else some would be on disk when it is refused.
    const release = outbox.reserve(sizeBytes)
    try {
      return await sendToEach(names, (name, accepted) => this.#sendOne(name, message, accepted, once))
    } finally {
      release()
    }
  }

  /**
   * The same for many messages, in order, no faster than they are stored; to several only of an array, of which nothing
   * is accepted if there is no room for all.
   */
  async sendMany(
    recipients: readonly PastelId[],
    messages: MessageSource,
    signal?: AbortSignal,
  ): Promise<Sent[]> {
    const names = this.#checked(recipients)
    if (Array.isArray(messages)) {
      const prepared = messages.map((input: MessageInput, index) =>
        prepareDirect(input, Date.now(), messages.length === 1 ? undefined : `messages[${index}]`),
      )
      const sizeBytes = this.#outboxBytes(names, prepared)
      await this.#components.outbox.makeRoom(sizeBytes)
      this.#components.outbox.assertRoom(sizeBytes)
    }
    return sendToEach(names, (name, accepted) => this.#sendManyTo(name, messages, accepted, signal)).catch(
      (error) => {
        signal?.throwIfAborted()
        throw error
      },
    )
  }

  async #sendManyTo(
    name: PastelId,
    messages: MessageSource,
    onAccepted: OnAccepted,
    signal?: AbortSignal,
  ): Promise<void> {
    const { outbox, outbound } = this.#components
    // As those that live for longest: some of them might have to wait.
    if (this.#mustWait(name, Date.now() + MAX_DIRECT_LIFETIME_MS)) {
      for await (const input of messages) {
        signal?.throwIfAborted()
        for (const { id, state } of await this.send([name], input)) onAccepted(id, state)
      }
      return
    }
    await outbox.makeRoom(MAX_PAYLOAD_BYTES)
    await outbound().publishMany(inboxChannel(name), messages, signal, {
      prepare: prepareDirect,
      onStored: ({ id }) => onAccepted(id, 'accepted'),
      reserve: (chunk) => outbox.reserve(this.#outboxBytes([name], chunk)),
    })
  }

  /** What messages take of the outbox: those to oneself nothing. */
  #outboxBytes(recipients: readonly PastelId[], messages: readonly PreparedMessage[]): number {
    const copies = recipients.filter((name) => name !== this.#components.own).length
    return copies * messages.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  }

  #checked(recipients: readonly PastelId[]): PastelId[] {
    // From code without types it may be anything.
    const all: readonly PastelId[] = Array.isArray(recipients) ? recipients : [recipients]
    const names = [...new Set(all.map((name) => parsePastelId(String(name))))]
    for (const name of names) {
      if (this.#components.registry.memberAt(name, Date.now()) !== undefined) continue
      throw new MeshError(
        'ERR_NOT_A_MEMBER',
        `${name} is no member of this network, as far as this node knows: nothing was sent; "pmesh members" shows who is one`,
      )
    }
    return names
  }

  async #sendOne(
    recipient: PastelId,
    message: PreparedMessage,
    onAccepted: OnAccepted,
    once?: OnceCall,
  ): Promise<void> {
    const store = (noted?: Noted) => this.#storeOne(recipient, message, noted)
    const id = await (once === undefined ? store() : once.send(store, recipient))
    if (once !== undefined && isWaitingId(id)) {
      await this.#components.waiting.find(id)
      this.known(recipient)
    }
    onAccepted(id, isWaitingId(id) ? 'waiting-for-certificate' : 'accepted')
  }

  /** @param noted what is written with it, when it has its id */
  async #storeOne(recipient: PastelId, message: PreparedMessage, noted?: Noted): Promise<string> {
    if (this.#mustWait(recipient, message.expiresAtMs)) {
      const id = await this.#components.waiting.add(recipient, message, noted)
      this.known(recipient)
      if (this.#components.handOver?.isPrompt(recipient) === true) this.goOn(recipient)
      return id
    }
    const noting = noted === undefined ? message : { ...message, noted }
    const [accepted] = await this.#components.outbound().acceptPrepared(inboxChannel(recipient), [noting])
    return (accepted as { id: string }).id
  }

  /** Behind what waits already, too, so that order holds. */
  #mustWait(recipient: PastelId, expiresAtMs: number): boolean {
    const { waiting } = this.#components
    return this.sealingKeyOf(recipient, expiresAtMs) === undefined || waiting.isWaitingFor(recipient)
  }

  /**
   * The key to seal something to that expires at a time, 32 bytes: that of the recipient's certificate, also of one that
   * has ended, if the recipient still has the key by then. Undefined: none is known.
   */
  sealingKeyOf(recipient: PastelId, expiresAtMs: number): Uint8Array | undefined {
    const { own, keys, book } = this.#components
    if (recipient === own) return keys.publicKey.length > 0 ? keys.publicKey : undefined
    const certificate = book.last(recipient)?.certificate
    if (certificate === undefined || certificate.sealingKey.length === 0) return undefined
    return expiresAtMs <= sealableUntilMs(certificate) ? certificate.sealingKey : undefined
  }

  /** Somebody's certificate may be known: what waited for it is sent. */
  known(recipient: PastelId): void {
    if (!this.#isRunning || !this.#components.waiting.isWaitingFor(recipient)) return
    if (this.sealingKeyOf(recipient, 0) !== undefined) this.#flushing.run(recipient)
  }

  /** What waits for somebody may go on by the carrier. */
  goOn(recipient: PastelId): void {
    if (this.#isRunning && this.#components.waiting.isWaitingFor(recipient)) this.#flushing.run(recipient)
  }

  async #flush(recipient: PastelId): Promise<void> {
    const { waiting, handOver } = this.#components
    for (;;) {
      await waiting.sweep()
      await handOver?.settle(recipient)
      if (!this.#isRunning) return
      const isKnown = () => this.sealingKeyOf(recipient, 0) !== undefined
      if (!isKnown()) {
        if ((await handOver?.some(recipient, isKnown)) === true) continue
        if (!isKnown()) return
      }
      const taken = await waiting.take(recipient, MAX_TAKEN)
      // What is behind one that has to wait on waits, too.
      const end = taken.findIndex(
        ({ expiresAtMs }) => this.sealingKeyOf(recipient, expiresAtMs) === undefined,
      )
      const messages = end < 0 ? taken : taken.slice(0, end)
      if (messages.length === 0 || !this.#isRunning) return
      // Each acknowledged by itself, and none that is behind one that was refused; they share batches all the same.
      const sequence = new Sequence()
      const outcomes = await Promise.allSettled(
        messages.map(async (message) => {
          const accepted = await this.#components
            .outbound()
            .acceptPrepared(inboxChannel(recipient), [message], sequence)
          for (const { id } of accepted) waiting.sent(message.waitingId, id)
        }),
      )
      const failed = outcomes.find((outcome) => outcome.status === 'rejected')
      // One that has expired meanwhile is swept, and the rest goes on.
      const hasExpired = messages.some(({ expiresAtMs }) => expiresAtMs <= Date.now())
      if (failed !== undefined && !hasExpired) throw failed.reason
    }
  }
}

/** Checks a message to an inbox; it expires. @throws MeshError ERR_MESSAGE */
export function prepareDirect(input: MessageInput, nowMs: number, which = 'the message'): PreparedMessage {
  const latestMs = nowMs + MAX_DIRECT_LIFETIME_MS
  const expiresAtMs = input.expiresAtMs ?? Math.ceil((nowMs + DEFAULT_LIFETIME_MS) / ROUND_MS) * ROUND_MS
  if (expiresAtMs > latestMs) {
    throw new MeshError(
      'ERR_MESSAGE',
      `${which} cannot be sent: it expires after ${new Date(latestMs).toISOString()}; direct messages live 30 days at most`,
    )
  }
  return prepareMessage({ ...input, expiresAtMs }, nowMs)
}
