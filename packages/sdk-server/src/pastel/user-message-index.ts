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
/** With what made room, which stays on disk for its time. */
const MAX_STORED_BYTES = 4 * MAX_BYTES
/** Of a message on disk, beside its body. */
const OVERHEAD_BYTES = 2 * 1024
const HOUR_MS = 60 * 60_000
/** Of one recipient: what an answer has at most. */
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
  /** No message expires before. */
  #nextExpiryMs = Number.POSITIVE_INFINITY
  /** What made room is on disk until then: bytes by the hour. */
  readonly #shownNoMore = new Map<number, number>()

  /** @returns the one that is there in its place already, or itself. @throws MeshError ERR_USER_MESSAGES_FULL */
  add(message: NewUserMessage): IndexedUserMessage {
    const known = this.#messages.get(message.messageId) ?? this.findSame(message.content, message.createdAtMs)
    if (known !== undefined) return known
    this.assertRoom(message, message.createdAtMs)
    this.#makeRoom(message)
    this.#nextExpiryMs = Math.min(this.#nextExpiryMs, message.expiresAtMs)
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

  /** @throws MeshError ERR_USER_MESSAGES_FULL: the author has its room, or the disk is full of what made room */
  assertRoom(
    { from, to, sizeBytes }: Pick<NewUserMessage, 'from' | 'to' | 'sizeBytes'>,
    nowMs: number,
  ): void {
    this.#removeExpired(nowMs)
    const goneBytes = [...this.#shownNoMore.values()].reduce((sum, bytes) => sum + bytes, 0)
    if (this.#sizeBytes + goneBytes + sizeBytes > MAX_STORED_BYTES)
      throw full('this node keeps as many messages of users as it may')
    const written = [...(this.#ofUser.get(from) ?? [])].filter((one) => one.from === from)
    if (written.length >= MAX_FROM) throw full(`${MAX_FROM} messages of the sender are kept here`)
    if (written.filter((one) => one.to === to).length >= MAX_PAIR)
      throw full(`${MAX_PAIR} messages of the sender to this recipient are kept here`)
  }

  /** The oldest of whoever has the most goes: many authors share what one cannot take for itself. */
  #makeRoom({ to, sizeBytes }: NewUserMessage): void {
    for (;;) {
      const came = [...(this.#ofUser.get(to) ?? [])].filter((one) => one.to === to)
      const cameBytes = came.reduce((sum, one) => sum + one.sizeBytes, sizeBytes)
      const isFull = this.#messages.size >= MAX_MESSAGES || this.#sizeBytes + sizeBytes > MAX_BYTES
      const among =
        came.length >= MAX_TO || cameBytes > MAX_BYTES_TO ? came : isFull ? [...this.#messages.values()] : []
      const oldest = oldestOfMost(among)
      if (oldest === undefined) return
      this.remove(oldest)
      const hour = Math.ceil(oldest.expiresAtMs / HOUR_MS)
      this.#shownNoMore.set(hour, (this.#shownNoMore.get(hour) ?? 0) + oldest.sizeBytes + OVERHEAD_BYTES)
    }
  }

  #removeExpired(nowMs: number): void {
    for (const hour of this.#shownNoMore.keys()) if (hour * HOUR_MS <= nowMs) this.#shownNoMore.delete(hour)
    if (nowMs < this.#nextExpiryMs) return
    let nextMs = Number.POSITIVE_INFINITY
    for (const message of this.#messages.values()) {
      if (message.expiresAtMs <= nowMs) this.remove(message)
      else nextMs = Math.min(nextMs, message.expiresAtMs)
    }
    this.#nextExpiryMs = nextMs
  }
}

function oldestOfMost(messages: readonly IndexedUserMessage[]): IndexedUserMessage | undefined {
  const counts = new Map<PastelId, number>()
  for (const { from } of messages) counts.set(from, (counts.get(from) ?? 0) + 1)
  const most = Math.max(...counts.values())
  return messages.find(({ from }) => counts.get(from) === most)
}

function full(why: string): MeshError {
  return new MeshError('ERR_USER_MESSAGES_FULL', `${why}: they go after three days, try again later`)
}
