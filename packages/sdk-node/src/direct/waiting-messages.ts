import { randomBytes } from 'node:crypto'
import { MeshError, type PastelId } from '@pastel-mesh/identity'
import {
  decodePayload,
  encodePayload,
  MAX_DIRECT_LIFETIME_MS,
  type MessageContent,
  type MessageId,
  toWireAgain,
} from '@pastel-mesh/protocol'
import type { MessageStore, ValueChange } from '@pastel-mesh/storage'
import type { Noted } from '../outbound/once-keys.ts'
import type { PreparedMessage } from '../outbound/pending.ts'

/** Names of the values: `waiting/<id>/<part>` holds a message, `was-waiting/<id>` the id that it has got since. */
const PREFIX = 'waiting/'
const DONE_PREFIX = 'was-waiting/'

/** What an id begins with: no message id does. */
const ID_PREFIX = 'waiting-'

/** A value holds 64 KiB, a message's body 256 KiB. */
const PART_BYTES = 60 * 1024

/** Messages that may wait for certificates: what is above it is refused. */
const MAX_WAITING = 2_000
/** Ids that are remembered of those that wait no more. */
const MAX_DONE = 4_096
/** How long after its expiry an id is remembered: as long as a message lives at most. */
const KEEP_DONE_MS = MAX_DIRECT_LIFETIME_MS

/** What was sent. */
interface Sent {
  readonly id: MessageId
  readonly expiresAtMs: number
}

/** What was not. */
interface Expired {
  readonly recipient: PastelId
  readonly expiresAtMs: number
}

interface WaitingMessage {
  readonly id: string
  readonly recipient: PastelId
  readonly expiresAtMs: number
  readonly parts: number
  readonly sizeBytes: number
  /** It is on disk; if it is not there any more, it was sent. */
  isWritten?: boolean
}

/** A message that waited, ready to be sent: what `noted` gives says that it waits no more. */
export interface TakenMessage extends PreparedMessage {
  readonly waitingId: string
  readonly content: MessageContent
  readonly noted: (id: MessageId) => ValueChange[]
}

/** A message that waits for its recipient's certificate. */
export interface WaitingSummary {
  /** Under which `status` knows it, also when it waits no more. */
  readonly id: string
  readonly recipient: PastelId
  readonly expiresAtMs: number
}

/** A message whose recipient has shown no certificate: on disk, unsealed, without a place in a log. */
export class WaitingMessages {
  readonly #store: MessageStore
  /** In the order in which they were accepted. */
  readonly #waiting = new Map<string, WaitingMessage>()
  /** By the id under which it waited: the message's id, and when it expires. */
  readonly #done = new Map<string, Sent | Expired>()
  /** What is being sent by another way, and is not let go of meanwhile. */
  readonly #held = new Set<string>()
  #last = 0
  #sizeBytes = 0

  constructor({ store }: { readonly store: MessageStore }) {
    this.#store = store
  }

  /** Reads what was kept. @throws StorageError */
  async start(): Promise<void> {
    this.#waiting.clear()
    this.#done.clear()
    this.#sizeBytes = 0
    await this.#load(PREFIX)
    for await (const [name, value] of this.#store.values.read(DONE_PREFIX)) {
      this.#done.set(name.slice(DONE_PREFIX.length), readDone(value))
    }
  }

  /** One whose commit was said to have failed may be on disk all the same. @throws StorageError */
  async find(id: string): Promise<void> {
    if (!this.#waiting.has(id) && !this.#done.has(id)) await this.#load(`${PREFIX}${id}/`)
  }

  /** Bytes of what waits. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** The recipients of what waits. */
  recipients(): Set<PastelId> {
    return new Set([...this.#waiting.values()].map(({ recipient }) => recipient))
  }

  /** What waits, in the order in which it was accepted. */
  list(): WaitingSummary[] {
    return [...this.#waiting.values()].map(({ id, recipient, expiresAtMs }) => ({
      id,
      recipient,
      expiresAtMs,
    }))
  }

  isWaitingFor(recipient: PastelId): boolean {
    for (const waiting of this.#waiting.values()) if (waiting.recipient === recipient) return true
    return false
  }

  /** Ids of what waits for somebody, in order, up to one that is not on disk yet. */
  idsFor(recipient: PastelId): string[] {
    const ids: string[] = []
    for (const waiting of this.#waiting.values()) {
      if (waiting.recipient !== recipient) continue
      if (waiting.isWritten !== true) break
      ids.push(waiting.id)
    }
    return ids
  }

  /** It does not expire until it is released. */
  hold(id: string): void {
    this.#held.add(id)
  }

  release(id: string): void {
    this.#held.delete(id)
  }

  /** One that waits, ready to be sent. @returns undefined: it does not wait any more. @throws StorageError */
  async read(id: string): Promise<TakenMessage | undefined> {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return undefined
    const message = await this.#read(waiting)
    if (message === undefined) await this.#findSent(waiting)
    return message
  }

  get(id: string): WaitingMessage | undefined {
    return this.#waiting.get(id)
  }

  /** The message's own id, of one that waited. */
  sentAs(id: string): MessageId | undefined {
    const done = this.#done.get(id)
    return done !== undefined && 'id' in done ? done.id : undefined
  }

  /** Of one that waited until it expired: for whom it was, and when. */
  expired(id: string): Expired | undefined {
    const done = this.#done.get(id)
    return done !== undefined && 'recipient' in done ? done : undefined
  }

  /**
   * @param noted what is written in the same commit
   * @returns its id while it waits, when it is on disk
   * @throws MeshError ERR_OUTBOUND_FULL; StorageError
   */
  async add(
    recipient: PastelId,
    { wire, expiresAtMs }: PreparedMessage,
    noted: Noted = () => [],
  ): Promise<string> {
    if (this.#waiting.size >= MAX_WAITING) {
      throw new MeshError(
        'ERR_OUTBOUND_FULL',
        `${MAX_WAITING} messages wait for certificates of their recipients: nothing more is taken for those of whom none is known`,
      )
    }
    // In the order of their ids they are sent.
    this.#last = Math.max(this.#last + 1, Date.now())
    const id = `${ID_PREFIX}${this.#last.toString(36).padStart(9, '0')}-${randomBytes(4).toString('hex')}`
    const payload = encodePayload([wire])
    const bytes = Buffer.concat([headOf(recipient, expiresAtMs, payload.length), payload])
    const parts = Math.ceil(bytes.length / PART_BYTES)
    const waiting: WaitingMessage = { id, recipient, expiresAtMs, parts, sizeBytes: bytes.length }
    this.#remember(waiting)
    try {
      await this.#store.values.write([
        ...names(waiting).map((name, part) => ({
          name,
          value: bytes.subarray(part * PART_BYTES, (part + 1) * PART_BYTES),
        })),
        ...noted(id),
      ])
    } catch (error) {
      this.#forget(waiting)
      throw error
    }
    waiting.isWritten = true
    return id
  }

  /**
   * What waits for a recipient, ready to be sent: in the commit that gives a message its place it ceases to wait.
   * @throws StorageError
   */
  async take(recipient: PastelId, limit: number): Promise<TakenMessage[]> {
    const taken: TakenMessage[] = []
    for (const waiting of this.#waiting.values()) {
      if (waiting.recipient !== recipient) continue
      if (taken.length === limit) break
      // What is behind it must not get ahead.
      if (waiting.isWritten !== true) break
      const message = await this.read(waiting.id)
      if (message !== undefined) taken.push(message)
    }
    return taken
  }

  /** A message that waited is in its log. */
  sent(waitingId: string, id: MessageId): void {
    const waiting = this.#waiting.get(waitingId)
    if (waiting === undefined) return
    this.#forget(waiting)
    this.#done.set(waitingId, { id, expiresAtMs: waiting.expiresAtMs })
  }

  /** Lets go of what has expired; that it has is remembered. */
  async sweep(nowMs = Date.now()): Promise<void> {
    const changes: ValueChange[] = []
    for (const waiting of this.#waiting.values()) {
      const { id, recipient, expiresAtMs } = waiting
      if (expiresAtMs > nowMs || this.#held.has(id)) continue
      const value = Buffer.from(`- ${expiresAtMs} ${recipient}`)
      changes.push(...names(waiting).map((name) => ({ name })), { name: DONE_PREFIX + id, value })
      this.#forget(waiting)
      this.#done.set(id, { recipient, expiresAtMs })
    }
    for (const [id, { expiresAtMs }] of this.#done) {
      if (expiresAtMs + KEEP_DONE_MS > nowMs && this.#done.size <= MAX_DONE) continue
      changes.push({ name: DONE_PREFIX + id })
      this.#done.delete(id)
    }
    if (changes.length > 0) await this.#store.values.write(changes)
  }

  async #load(prefix: string): Promise<void> {
    const sizes = new Map<string, number>()
    const heads = new Map<string, ReturnType<typeof readHead>>()
    for await (const [name, value] of this.#store.values.read(prefix)) {
      const [id = '', part] = name.slice(PREFIX.length).split('/')
      if (part === '0') heads.set(id, readHead(value))
      sizes.set(id, (sizes.get(id) ?? 0) + value.length)
      this.#last = Math.max(this.#last, acceptedAtMs(id))
    }
    for (const [id, head] of heads) {
      this.#remember({ id, ...head, sizeBytes: sizes.get(id) ?? 0, isWritten: true })
    }
  }

  #remember(waiting: WaitingMessage): void {
    this.#waiting.set(waiting.id, waiting)
    this.#sizeBytes += waiting.sizeBytes
  }

  #forget({ id, sizeBytes }: WaitingMessage): void {
    if (this.#waiting.delete(id)) this.#sizeBytes -= sizeBytes
  }

  /** It is gone from the disk: a commit that was said to have failed had sent it. */
  async #findSent(waiting: WaitingMessage): Promise<void> {
    const { id } = waiting
    // Known by the one or the other at any time.
    for await (const [name, value] of this.#store.values.read(DONE_PREFIX + id)) {
      if (name !== DONE_PREFIX + id) continue
      this.#done.set(id, readDone(value))
    }
    this.#forget(waiting)
  }

  async #read(waiting: WaitingMessage): Promise<TakenMessage | undefined> {
    const parts: Buffer[] = []
    for await (const [, value] of this.#store.values.read(`${PREFIX}${waiting.id}/`)) parts.push(value)
    const bytes = Buffer.concat(parts)
    if (bytes.length === 0) return undefined
    const { payloadAt } = readHead(bytes)
    const payload = bytes.subarray(payloadAt)
    const [content] = decodePayload(payload, 1)
    if (content === undefined) return undefined
    const { id: waitingId, expiresAtMs } = waiting
    const noted = (id: MessageId): ValueChange[] => [
      ...names(waiting).map((name) => ({ name })),
      { name: DONE_PREFIX + waitingId, value: Buffer.from(`${id} ${expiresAtMs}`) },
    ]
    const wire = toWireAgain(content)
    return { wire, content, sizeBytes: payload.length, expiresAtMs, noted, waitingId }
  }
}

/** `<message id> <when it expires>`, or `- <when it expired> <recipient>`. */
function readDone(value: Buffer): Sent | Expired {
  const [id, expiresAtMs, recipient] = value.toString().split(' ')
  if (recipient === undefined) return { id: id as MessageId, expiresAtMs: Number(expiresAtMs) }
  return { recipient: recipient as PastelId, expiresAtMs: Number(expiresAtMs) }
}

export function isWaitingId(id: string): boolean {
  return id.startsWith(ID_PREFIX)
}

/** When a message was accepted, as its id says, in ms since 1970. */
export function acceptedAtMs(id: string): number {
  const ms = Number.parseInt(id.slice(ID_PREFIX.length).split('-')[0] ?? '', 36)
  return Number.isSafeInteger(ms) ? ms : 0
}

function names({ id, parts }: WaitingMessage): string[] {
  return Array.from({ length: parts }, (_, part) => `${PREFIX}${id}/${part}`)
}

/** When it expires (8 bytes), how many parts there are (1), how long the name is (1), the recipient's name. */
function headOf(recipient: PastelId, expiresAtMs: number, payloadBytes: number): Buffer {
  const name = Buffer.from(recipient)
  const head = Buffer.alloc(10)
  head.writeDoubleBE(expiresAtMs, 0)
  head[8] = Math.ceil((head.length + name.length + payloadBytes) / PART_BYTES)
  head[9] = name.length
  return Buffer.concat([head, name])
}

function readHead(value: Buffer): Omit<WaitingMessage, 'id' | 'sizeBytes'> & { readonly payloadAt: number } {
  const payloadAt = 10 + (value[9] as number)
  return {
    recipient: value.toString('utf8', 10, payloadAt) as PastelId,
    expiresAtMs: value.readDoubleBE(0),
    parts: value[8] as number,
    payloadAt,
  }
}
