import { setTimeout as delay } from 'node:timers/promises'
import { MeshError, type PastelId } from '@pastel-mesh/identity'
import { closestSupernodes, type SupernodeDirectory, USER_MESSAGE_TYPE } from '@pastel-mesh/pasteld'
import {
  type MeshNode,
  PartlySentError,
  type ReceivedMessage,
  toReceivedMessage,
} from '@pastel-mesh/sdk-node'
import { formatCursor, type MessageStore } from '@pastel-mesh/storage'
import { MAX_PAGE_BYTES } from '../service/page.ts'
import { Lifecycle } from '../transport/lifecycle.ts'
import { ForwardedMessages } from './forwarded-messages.ts'
import { contentOf, isSignedBy, readUserMessage, type UserMessage, userMessageId } from './user-message.ts'
import { type IndexedUserMessage, SAME_MS, UserMessageIndex } from './user-message-index.ts'

export interface UserMessagesComponents {
  readonly node: MeshNode
  readonly store: MessageStore
  readonly directory: SupernodeDirectory
  readonly onError: (error: Error) => void
}

/** A message that was taken, and who has it. */
export interface TakenUserMessage {
  readonly id: number
  readonly createdAtMs: number
  /** This node, or those that it went to. */
  readonly supernodes: readonly PastelId[]
}

/** A message as its two ends get it. */
export interface KeptUserMessage extends UserMessage {
  readonly id: number
  readonly createdAtMs: number
}

/** As many as clients of Pastel post to, and read from. */
const KEEPERS = 3
/** After which Pastel's layer thinks a message obsolete. */
const LIFETIME_MS = 3 * 24 * 60 * 60_000
/** With more than that part of the outbox in use, strangers have this node send nothing to others: it is the operator's. */
const OUTBOX_SHARE = 0.1
/** Messages that went to others, and are remembered for as long as they may come again. */
const MAX_FORWARDED = 4_096
const RETRY_MS = 5_000

/**
 * Messages between PastelIDs that need not be members. The three supernodes closest to the recipient keep them, each in
 * its own inbox, sealed to itself; one that is given a message for others sends it to those three, as a sealed direct
 * message. Nothing is shown whose author did not sign it.
 *
 * ```
 *   POST ── this node is one of the three ──▶ its own inbox ──┐
 *     └──── it is not ──▶ sealed to each of the three         ├─▶ signature ──▶ index ──▶ GET
 *   other nodes ──────────▶ this node's inbox ────────────────┘
 * ```
 */
export class UserMessages {
  readonly #components: UserMessagesComponents
  readonly #index = new UserMessageIndex()
  readonly #forwarded = new ForwardedMessages()
  /** By their content, those that are on their way to the disk or to others; the oldest first. */
  readonly #taken = new Map<string, { readonly atMs: number; readonly taken: Promise<TakenUserMessage> }>()
  #stopping = new AbortController()
  #following: Promise<void> = Promise.resolve()
  #ready = Promise.withResolvers<void>()
  readonly #lifecycle = new Lifecycle(
    async () => this.#begin(),
    () => this.#end(),
  )

  constructor(components: UserMessagesComponents) {
    this.#components = components
  }

  /** What is stored already is read meanwhile. */
  start(): Promise<void> {
    return this.#lifecycle.start()
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop()
  }

  /**
   * Keeps a message whose signature was verified, or sends it to those who do; resolves when it is on disk.
   * @throws MeshError ERR_NO_KEEPERS, ERR_USER_MESSAGES_FULL; as `MeshNode.send`
   */
  async take(message: UserMessage): Promise<TakenUserMessage> {
    await this.#ready.promise
    const nowMs = Date.now()
    for (const [content, { atMs }] of this.#taken) {
      if (nowMs - atMs < SAME_MS && this.#taken.size < MAX_FORWARDED) break
      this.#taken.delete(content)
    }
    const content = contentOf(message)
    const before = this.#taken.get(content)
    if (before !== undefined) return before.taken
    const taken = this.#take(message, content, nowMs)
    this.#taken.set(content, { atMs: nowMs, taken })
    taken.catch(() => this.#taken.delete(content))
    return taken
  }

  /** From and to a user, the newest first; bounded in number and size. @throws StorageError */
  async of(
    user: PastelId,
    { limit, beforeId }: { readonly limit: number; readonly beforeId?: number | undefined },
  ): Promise<KeptUserMessage[]> {
    await this.#ready.promise
    const all = this.#index.of(user, Date.now())
    const place = beforeId === undefined ? -1 : all.findIndex(({ id }) => id === beforeId)
    // Gone since, or never there: what came before it nobody knows, and another page would begin anew.
    if (beforeId !== undefined && place === -1) return []
    const kept: KeptUserMessage[] = []
    let sizeBytes = 0
    for (const indexed of all.slice(place + 1)) {
      if (kept.length >= limit || sizeBytes >= MAX_PAGE_BYTES) break
      const message = await this.#read(indexed)
      if (message === undefined) continue
      kept.push({ ...message, id: indexed.id, createdAtMs: indexed.createdAtMs })
      sizeBytes += indexed.sizeBytes
    }
    return kept
  }

  async #take(message: UserMessage, content: string, nowMs: number): Promise<TakenUserMessage> {
    const { node, directory, store } = this.#components
    const own = node.pastelId
    const closest = closestSupernodes(message.to_pastelid, directory.supernodes(), KEEPERS).flatMap(
      ({ pastelId }) => (pastelId === undefined ? [] : [pastelId]),
    )
    const input = { type: USER_MESSAGE_TYPE, json: message, expiresAtMs: nowMs + LIFETIME_MS }
    if (closest.includes(own)) {
      const same = this.#index.findSame(content, nowMs)
      if (same !== undefined) return { ...same, supernodes: [own] }
      const sizeBytes = Buffer.byteLength(JSON.stringify(message))
      this.#index.assertRoom({ from: message.from_pastelid, to: message.to_pastelid, sizeBytes }, nowMs)
      const { id } = await node.send(own, input)
      const found = await store.findMessage(id)
      const received = found && toReceivedMessage(found.stored, found.index, store.storeId)
      const indexed = received && this.#add(received, message)
      if (indexed === undefined) throw new Error(`the message ${id} was stored and cannot be read`)
      return { ...indexed, supernodes: [own] }
    }
    // Members that have shown a certificate: to others it would wait without anybody to send it to.
    const known = new Set(node.knownNodes().map(({ pastelId }) => pastelId))
    const keepers = closest.filter(
      (name) => known.has(name) && node.registry.memberAt(name, nowMs) !== undefined,
    )
    if (keepers.length === 0) throw noKeepers(message.to_pastelid)
    const { usedBytes, maxBytes } = node.outbox()
    if (usedBytes > maxBytes * OUTBOX_SHARE)
      throw new MeshError('ERR_OUTBOX_FULL', 'too much waits for supernodes that are away: try again later')
    const takeBack = this.#forwarded.take(message.from_pastelid, message.to_pastelid, nowMs)
    try {
      await node.send(keepers, input)
    } catch (error) {
      // What went to some of them counts.
      if (!(error instanceof PartlySentError)) takeBack()
      throw error
    }
    return { id: userMessageId(content, 0), createdAtMs: nowMs, supernodes: keepers }
  }

  #begin(): void {
    this.#stopping = new AbortController()
    this.#following = this.#follow(this.#stopping.signal)
  }

  async #end(): Promise<void> {
    this.#stopping.abort()
    await this.#following
  }

  /** Reads what is stored, then what comes; goes on behind what it has read when that fails. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { node, store, onError } = this.#components
    let cursor: string | undefined
    while (!signal.aborted) {
      try {
        if (cursor === undefined) {
          const end = formatCursor(await store.cursorAt(store.end))
          for await (const entry of node.messages({ direct: 'received', type: USER_MESSAGE_TYPE, signal }))
            if (entry.kind === 'message') await this.#admit(entry)
          cursor = end
          this.#ready.resolve()
        }
        for await (const entry of node.inbox({ cursor, signal })) {
          if (entry.kind === 'message') await this.#admit(entry)
          ;({ cursor } = entry)
        }
      } catch (cause) {
        if (signal.aborted) return
        onError(new Error(`messages of users cannot be read: ${(cause as Error).message}`, { cause }))
        await delay(RETRY_MS, undefined, { signal }).catch(() => {})
      }
    }
  }

  async #admit(received: ReceivedMessage): Promise<void> {
    if (this.#index.has(received.id)) return
    const message = readUserMessage(received)
    if (message === undefined) return
    const { from_pastelid, message_body, message_signature } = message
    if (!(await isSignedBy(from_pastelid, message_body, message_signature))) return
    try {
      this.#add(received, message)
    } catch (error) {
      // Stored as any message of the inbox, and shown to nobody: there is no room for it.
      if (!(error instanceof MeshError)) throw error
    }
  }

  #add(received: ReceivedMessage, message: UserMessage): IndexedUserMessage {
    return this.#index.add({
      messageId: received.id,
      from: message.from_pastelid,
      to: message.to_pastelid,
      content: contentOf(message),
      createdAtMs: received.createdAtMs,
      expiresAtMs: received.expiresAtMs ?? received.createdAtMs + LIFETIME_MS,
      sizeBytes: received.body.length,
    })
  }

  /** Undefined: retention has removed it. */
  async #read(indexed: IndexedUserMessage): Promise<UserMessage | undefined> {
    const { store } = this.#components
    const found = await store.findMessage(indexed.messageId)
    const message =
      found?.stored.isReadable === true
        ? readUserMessage(toReceivedMessage(found.stored, found.index, store.storeId))
        : undefined
    if (message === undefined) this.#index.remove(indexed)
    return message
  }
}

function noKeepers(recipient: PastelId): MeshError {
  return new MeshError(
    'ERR_NO_KEEPERS',
    `none of the ${KEEPERS} supernodes closest to ${recipient} is a member that has shown its certificate to this node: nobody would keep the message`,
  )
}
