import { type PastelId, PastelIdRanking } from '@pastel-mesh/identity'
import { parseChannel, type SignedBatch } from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import type { AddressBook } from '../connection/address-book.ts'
import type { MemberRegistry } from '../members/member-registry.ts'
import { pastelIdOf } from '../pastel-id-of.ts'

export interface MailboxOptions {
  /** Keeps messages for members that are away. @default true */
  readonly enabled?: boolean
  /** Bytes of messages kept for others, in all. @default 1 GiB */
  readonly maxBytes?: number
  /** Bytes of messages kept for others, of one sender. @default 64 MiB */
  readonly maxSenderBytes?: number
}

export interface MailboxesComponents {
  readonly store: MessageStore
  readonly book: AddressBook
  readonly registry: MemberRegistry
  readonly own: PastelId
}

/** A thousand recipients' small messages, or some that are sent large ones; a small server has the room. */
const DEFAULT_MAX_BYTES = 1024 ** 3
/** No sender takes more than a sixteenth of the whole. */
const DEFAULT_MAX_SENDER_BYTES = 64 * 1024 ** 2

/** Mailboxes that a message is left with. */
export const WANTED_MAILBOXES = 3

/**
 * Ranks at which a node takes messages for a recipient that names no mailboxes: more than are wanted, because the
 * sender may know other members than this node does, and some of them may be away.
 */
const MAX_RANK = 12

/** How long ranks are taken for true; who has come or gone since shows a little later. */
const RANKS_MS = 1_000
const MAX_RANKS = 1_024

/** Who keeps messages for whom, and whether this node does. */
export class Mailboxes {
  readonly #options: Required<MailboxOptions>
  readonly #components: MailboxesComponents
  readonly #ranking = new PastelIdRanking()
  /** Ranks that were found just now: batches come by the hundred, and thousands of names are ranked. */
  readonly #ranks = new Map<PastelId, { readonly atMs: number; readonly names: readonly PastelId[] }>()

  constructor(options: MailboxOptions, components: MailboxesComponents) {
    const { enabled = true, maxBytes = DEFAULT_MAX_BYTES } = options
    this.#options = { enabled, maxBytes, maxSenderBytes: options.maxSenderBytes ?? DEFAULT_MAX_SENDER_BYTES }
    this.#components = components
  }

  /**
   * Where messages for a recipient are left, the best first: those that it names, or the members closest to it, as
   * far as this node knows them.
   */
  of(recipient: PastelId): PastelId[] {
    const { own } = this.#components
    return this.#ranked(recipient).filter((name) => name !== own)
  }

  /** Why this node does not keep a batch for its recipient: a reason code; undefined: it does. */
  refusal({ envelope, batch }: SignedBatch): string | undefined {
    const { own, store, registry } = this.#components
    const { maxBytes, maxSenderBytes, enabled } = this.#options
    const channel = parseChannel(batch.channel)
    if (!enabled || channel.kind !== 'inbox') return 'no-mailbox'
    const { recipient } = channel
    if (registry.memberAt(recipient, Date.now()) === undefined) return 'not-a-member'
    if (batch.expiresAtMs <= Date.now()) return 'expired'
    if (!this.#ranked(recipient).includes(own)) return 'not-near'
    const { diskBytes, bySender } = store.carriedBytes()
    const isFull = diskBytes + envelope.length > maxBytes
    if (!isFull && bySender(batch.sender) + envelope.length <= maxSenderBytes) return undefined
    // What is delivered takes its room until it is removed: the next one that is left may find it free.
    store.removeDue().catch(() => {})
    return isFull ? 'mailbox-full' : 'quota'
  }

  #ranked(recipient: PastelId): readonly PastelId[] {
    const nowMs = performance.now()
    const known = this.#ranks.get(recipient)
    if (known !== undefined && nowMs - known.atMs < RANKS_MS) return known.names
    const names = this.#rank(recipient)
    this.#ranks.delete(recipient)
    this.#ranks.set(recipient, { atMs: nowMs, names })
    if (this.#ranks.size > MAX_RANKS) this.#ranks.delete(this.#ranks.keys().next().value as PastelId)
    return names
  }

  #rank(recipient: PastelId): PastelId[] {
    const { own, book, registry } = this.#components
    const named = book.last(recipient)?.certificate.mailboxes ?? []
    const nowMs = Date.now()
    const isMember = (name: PastelId) => registry.memberAt(name, nowMs) !== undefined
    if (named.length > 0) return named.map(pastelIdOf).filter((name) => name !== recipient && isMember(name))
    const names = new Set([own])
    for (const { pastelId } of book.entries()) names.add(pastelId)
    names.delete(recipient)
    return this.#ranking.closestTo(recipient, [...names].filter(isMember), MAX_RANK)
  }
}
