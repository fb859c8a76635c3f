import { MeshError, type PastelId } from '@pastel-mesh/identity'
import {
  type CertifiedReceipt,
  type LogId,
  type LogRange,
  type MessageContent,
  parseChannel,
  type ReceiptRange,
} from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import { type CarriedMark, markOf } from '../carried/carried-mark.ts'
import { EXPIRED } from './inbox-ranges.ts'
import type { LeftRanges } from './left-ranges.ts'
import type { ReceiptBook } from './receipt-book.ts'
import { isKeyUnknown, type SealedAgain } from './sealed-again.ts'
import { isWaitingId, type WaitingMessages } from './waiting-messages.ts'

/**
 * What is known of a message's way to its recipient:
 *
 * - `waiting-for-certificate`: on disk; nobody has shown the recipient's sealing key yet, or another one than that which
 *   the recipient does not have any more (then the reason is `key-unknown`)
 * - `accepted`: on disk, sealed, not known to be anywhere else
 * - `left-with-mailboxes`: others keep it for the recipient
 * - `handed-over`: it went by another way, `via`, which gives no receipts; with the reason `outcome-unknown` nobody can
 *   say whether it did
 * - `delivered`: the recipient has it, and has signed that
 * - `rejected`: the recipient has it and cannot read it, or will not have it; says why
 * - `lost`: the recipient went on without it
 * - `expired`: nobody delivers it any more
 */
export type DeliveryState =
  | 'waiting-for-certificate'
  | 'accepted'
  | 'left-with-mailboxes'
  | 'handed-over'
  | 'delivered'
  | 'rejected'
  | 'lost'
  | 'expired'

/** The reason for what is delivered again: its recipient had it, was restored from an older copy, and has it no more. */
const RECIPIENT_RESTORED = 'recipient-restored'

/** The reason for what was handed over, or was not, when the other end or this one died. */
const OUTCOME_UNKNOWN = 'outcome-unknown'

/** A receipt with what proves it. */
export interface DeliveryReceipt extends CertifiedReceipt {
  /** When the recipient signed it, in ms since 1970 by its clock: the message was there by then. */
  readonly createdAtMs: number
}

export interface DeliveryStatus {
  /** The message's own id; while it waits for a certificate, the one that it waits under. */
  readonly id: string
  readonly recipient: PastelId
  /**
   * Of the newest that was sent in its place, because the recipient could not open what was sealed to a key that it does
   * not have any more: all else here is about that one. Absent: it was sent once.
   */
  readonly sentAgainAs?: string
  readonly state: DeliveryState
  /** The way that it went, if not by the mesh, such as `pasteld`. */
  readonly via?: string
  /** Those who keep it, as far as they have given receipts. */
  readonly mailboxes: readonly PastelId[]
  /** Why it was rejected, such as `key-unknown`; why it is delivered again: `recipient-restored`; `outcome-unknown`. */
  readonly reason?: string
  /** The recipient's own, of what is delivered, rejected or lost; absent if it was not kept. */
  readonly receipt?: DeliveryReceipt
  /** When it is delivered no more, in ms since 1970. */
  readonly expiresAtMs: number
}

export interface DeliveryStatusComponents {
  readonly store: MessageStore
  readonly own: PastelId
  readonly receipts: ReceiptBook
  readonly left: LeftRanges
  readonly waiting: WaitingMessages
  readonly again: SealedAgain
}

/** A message, and the batch that holds it, without its bytes. */
interface FoundMessage {
  readonly id: string
  readonly recipient: PastelId
  readonly log: LogId
  readonly logBytes: Uint8Array
  readonly first: number
  readonly count: number
  readonly expiresAtMs: number
}

/** States that do not change any more. */
const FINAL: ReadonlySet<DeliveryState> = new Set(['handed-over', 'delivered', 'rejected', 'lost', 'expired'])

export function isFinal({ state }: DeliveryStatus): boolean {
  return FINAL.has(state)
}

/** Looks up what became of a message of this node to an inbox. */
export class DeliveryStatusReader {
  readonly #components: DeliveryStatusComponents

  constructor(components: DeliveryStatusComponents) {
    this.#components = components
  }

  /** @throws MeshError ERR_UNKNOWN_MESSAGE, ERR_NO_RECIPIENT; ProtocolError ERR_MESSAGE_ID */
  async status(id: string): Promise<DeliveryStatus> {
    return (await this.find(id))()
  }

  /**
   * Finds a message. @returns what looks up its status as it is then, without reading the message again
   * @throws as {@link status}
   */
  async find(id: string): Promise<() => Promise<DeliveryStatus>> {
    const { waiting, store } = this.#components
    if (isWaitingId(id)) {
      const sentAs = waiting.sentAs(id)
      if (sentAs !== undefined) return this.find(sentAs)
      const message = waiting.get(id) ?? waiting.expired(id)
      if (message === undefined) throw unknownMessage(id)
      const { recipient, expiresAtMs } = message
      return async () => {
        const isKnown = waiting.get(id) !== undefined || waiting.expired(id) !== undefined
        if (!isKnown) return this.status(id)
        const state = expiresAtMs <= Date.now() ? 'expired' : 'waiting-for-certificate'
        return { id, recipient, state, mailboxes: [], expiresAtMs }
      }
    }
    const found = await store.findMessage(id)
    if (found === undefined) throw unknownMessage(id)
    const { log, logBytes, batch } = found.stored.signed
    const channel = parseChannel(batch.channel)
    if (channel.kind !== 'inbox') {
      throw new MeshError(
        'ERR_NO_RECIPIENT',
        `the message ${id} went to the topic ${channel.topic}: topicStatus says who stores it`,
      )
    }
    const { index, stored } = found
    const { first, count, expiresAtMs } = batch
    const mark = stored.isReadable ? markOf(batch, stored.messages()[index] as MessageContent) : undefined
    if (mark !== undefined) {
      const stands = stateOfCarried(mark, this.#components.own)
      return async () => ({ id, mailboxes: [], expiresAtMs, ...stands })
    }
    // Not the batch itself, which whoever waits would keep in memory.
    const message = { id, recipient: channel.recipient, log, logBytes, first, count, expiresAtMs }
    return () => this.#statusOf(message, first + index)
  }

  /** Undefined: it is not on disk, or not yet. */
  async #following(id: string): Promise<DeliveryStatus | undefined> {
    const isStored = (await this.#components.store.findMessage(id)) !== undefined
    return isStored ? this.status(id) : undefined
  }

  async #statusOf(message: FoundMessage, position: number): Promise<DeliveryStatus> {
    const { receipts, left, store, own, again } = this.#components
    const { id, recipient, log, logBytes, first, count, expiresAtMs } = message
    const range: LogRange = { log, first, last: first + count - 1 }
    const newer = again.sentAs(log, position)
    const stands = newer === undefined ? undefined : await this.#following(newer)
    if (stands !== undefined) return { ...stands, id, sentAgainAs: stands.sentAgainAs ?? stands.id }
    const about = { id, recipient, mailboxes: left.holders(range), expiresAtMs }
    const said = receipts.outcome(log, position)
    if (said !== undefined && isKeyUnknown(said.range) && again.isPending(range)) {
      if (expiresAtMs <= Date.now()) return { ...about, state: 'expired' }
      return { ...about, state: 'waiting-for-certificate', reason: said.range.reason }
    }
    if (said !== undefined) {
      const { receipt, certificate, content } = said.receipt
      return {
        ...about,
        state: stateOf(said.range),
        ...(said.range.reason === '' ? {} : { reason: said.range.reason }),
        receipt: { receipt, certificate, createdAtMs: content.createdAtMs },
      }
    }
    const phase =
      recipient === own ? 'none' : await store.deliveryPhase({ signed: { logBytes, batch: { first } } })
    // The receipt that said so was not kept.
    if (phase === 'rejected' || phase === 'lost') return { ...about, state: phase }
    if (expiresAtMs <= Date.now()) return { ...about, state: 'expired' }
    // One's own inbox, or again a receipt that was not kept.
    if (phase === 'none') return { ...about, state: 'delivered' }
    const state = about.mailboxes.length > 0 ? 'left-with-mailboxes' : 'accepted'
    return { ...about, state, ...(phase === 'reopened' ? { reason: RECIPIENT_RESTORED } : {}) }
  }
}

function stateOfCarried(
  { via, recipient, outcome }: CarriedMark,
  own: PastelId,
): Pick<DeliveryStatus, 'recipient' | 'state'> & { via: string } {
  if (recipient === own) return { recipient, state: 'delivered', via }
  const reason = outcome === undefined ? {} : { reason: OUTCOME_UNKNOWN }
  return { recipient, state: 'handed-over', via, ...reason }
}

function stateOf({ outcome, reason }: ReceiptRange): DeliveryState {
  if (outcome === 'entered') return 'delivered'
  return reason === EXPIRED ? 'expired' : outcome
}

/** What is said of an id that names nothing here. */
export function unknownMessage(id: string): MeshError {
  return new MeshError(
    'ERR_UNKNOWN_MESSAGE',
    `this node stores no message ${id}: it is another node's, or was removed`,
  )
}
