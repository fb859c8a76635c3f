import { MeshError, type PastelId } from '@pastel-mesh/identity'
import { userMessageId } from './user-message.ts'

/** A message of a user that is stored here. */
export interface IndexedUserMessage {
  readonly id: number
  /** Under which the node stores it. */
  readonly messageId: string
  readonly from: PastelId
  readonly to: PastelId
  /** See `contentOf`. */
  readonly content: string
  readonly createdAtMs: number
  readonly expiresAtMs: number
  readonly sizeBytes: number
}

export type NewUserMessage = Omit<IndexedUserMessage, 'id'>

/**
 * The same message within that time is one: a client that heard nothing sends it again, and one that sends it to three
 * supernodes may reach one of them twice. Clients of Pastel give up after 30 s.
 */
export const SAME_MS = 2 * 60_000
/** Half a kilobyte each in memory. */
const MAX_MESSAGES = 10_000
/** On disk, as signed and sealed batches somewhat more. */
const MAX_BYTES = 256 * 1024 * 1024
/** Of one recipient: what an answer has at most. Whoever fills it keeps others out, for three days. */
const MAX_TO = 1_000
const MAX_BYTES_TO = 16 * 1024 * 1024
/** Of one author, to whomever; and to one recipient, so that no single one takes its room. */
const MAX_FROM = 1_000
const MAX_PAIR = 100

/** What is stored of users' messages, in memory: bounded, and found by either end. */
export class UserMessageIndex {
  /** By the id under which the node stores it, the oldest first. */
  readonly #messages = new Map<string, IndexedUserMessage>()
  /** By PastelID, of either end. */
  readonly #ofUser = new Map<PastelId, Set<IndexedUserMessage>>()
  readonly #ofContent = new Map<string, IndexedUserMessage[]>()
  #sizeBytes = 0

  /** @returns the one that is there in its place already, or itself. @throws MeshError ERR_USER_MESSAGES_FULL */
  add(message: NewUserMessage): IndexedUserMessage {
    const known = this.#messages.get(message.messageId) ?? this.findSame(message.content, message.createdAtMs)
    if (known !== undefined) return known
    this.assertRoom(message, message.createdAtMs)
    const same = this.#ofContent.get(message.content) ?? []
    const indexed = { ...message, id: userMessageId(message.content, same.length) }
    this.#messages.set(message.messageId, indexed)
    this.#ofContent.set(message.content, [...same, indexed])
    for (const user of new Set([message.from, message.to])) {
      const all = this.#ofUser.get(user) ?? new Set()
      this.#ofUser.set(user, all.add(indexed))
    }
    this.#sizeBytes += message.sizeBytes
    return indexed
  }

  has(messageId: string): boolean {
    return this.#messages.has(messageId)
  }

  /** The same message of about the same time. */
  findSame(content: string, atMs: number): IndexedUserMessage | undefined {
    return this.#ofContent.get(content)?.find(({ createdAtMs }) => Math.abs(createdAtMs - atMs) < SAME_MS)
  }

  /** From and to a user, the newest first. */
  of(user: PastelId, nowMs: number): IndexedUserMessage[] {
    this.#removeExpired(nowMs)
    return [...(this.#ofUser.get(user) ?? [])].reverse()
  }

  remove(message: IndexedUserMessage): void {
    if (!this.#messages.delete(message.messageId)) return
    this.#sizeBytes -= message.sizeBytes
    const same = this.#ofContent.get(message.content)?.filter((other) => other !== message) ?? []
    if (same.length > 0) this.#ofContent.set(message.content, same)
    else this.#ofContent.delete(message.content)
    for (const user of new Set([message.from, message.to])) {
      const all = this.#ofUser.get(user)
      all?.delete(message)
      if (all?.size === 0) this.#ofUser.delete(user)
    }
  }

  /** @throws MeshError ERR_USER_MESSAGES_FULL: nothing more is kept for one of the two, or at all */
  assertRoom(
    { from, to, sizeBytes }: Pick<NewUserMessage, 'from' | 'to' | 'sizeBytes'>,
    nowMs: number,
  ): void {
    this.#removeExpired(nowMs)
    if (this.#messages.size >= MAX_MESSAGES || this.#sizeBytes + sizeBytes > MAX_BYTES)
      throw full('this node keeps as many messages of users as it may')
    const written = [...(this.#ofUser.get(from) ?? [])].filter((one) => one.from === from)
    if (written.length >= MAX_FROM) throw full(`${MAX_FROM} messages of the sender are kept here`)
    if (written.filter((one) => one.to === to).length >= MAX_PAIR)
      throw full(`${MAX_PAIR} messages of the sender to this recipient are kept here`)
    const came = [...(this.#ofUser.get(to) ?? [])].filter((one) => one.to === to)
    const cameBytes = came.reduce((sum, one) => sum + one.sizeBytes, sizeBytes)
    if (came.length >= MAX_TO || cameBytes > MAX_BYTES_TO)
      throw full('as many messages to the recipient as may be are kept here')
  }

  /** About in the order in which they came. */
  #removeExpired(nowMs: number): void {
    for (const message of this.#messages.values()) {
      if (message.expiresAtMs > nowMs) return
      this.remove(message)
    }
  }
}

function full(why: string): MeshError {
  return new MeshError('ERR_USER_MESSAGES_FULL', `${why}: they go after three days, try again later`)
}
