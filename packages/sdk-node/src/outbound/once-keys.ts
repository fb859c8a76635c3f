import { MeshError } from '@pastel-mesh/identity'
import { sha256 } from '@pastel-mesh/protocol'
import type { ValueChange, Values } from '@pastel-mesh/storage'
import type { PreparedMessage } from './pending.ts'

/** Names of the values: `once/<key>` of a topic's message, `once/<key> <recipient>` of a direct one. */
const PREFIX = 'once/'

/** How many keys are kept, counted for each recipient, and how many may be. */
export interface OnceStatus {
  readonly kept: number
  readonly max: number
}

/** Letters, digits and signs, so that a space ends it; what a value's name leaves for it. */
const KEY = /^[\x21-\x7e]{1,160}$/

/** As many values as the largest other user keeps, and a quarter of all: what is above it is refused. */
const MAX_KEPT = 8_192

/** What is to be written in the commit that stores a message, when it has its id. */
export type Noted = (id: string) => ValueChange[]

/** Stores a message, and what is noted with it. @returns its id, or that under which it waits */
export type StoreFirst = (noted: Noted) => Promise<string>

/** What was sent under one key. */
interface Call {
  /** Of what was sent, and to whom. */
  readonly digest: string
  /** By target, those that are being sent included. */
  readonly ids: Map<string, string | Promise<string>>
}

/**
 * Keys under which messages are stored once. The id is written under the key in the very commit that stores the message,
 * so the one is there if the other is, whatever happens.
 *
 * ```
 *                       ┌── known ──────────────────────────────▶ its id
 *   key and message ────┼── being sent ── its outcome is shared ▶ its id
 *                       └── new ──▶ stored, with its key ───────▶ its id
 *                                      │ that failed, and may be on disk all the same
 *                                      ▼
 *                                   what is on disk is read again before the next
 * ```
 */
export class OnceKeys {
  readonly #values: Values
  /** By the group of the key, then by the key. */
  readonly #groups = new Map<string, Map<string, Call>>()
  #kept = 0
  /** Whether memory has what is on disk. */
  #isCurrent = false
  #failures = 0
  #reading: Promise<void> | undefined

  constructor({ values }: { readonly values: Values }) {
    this.#values = values
  }

  /**
   * A message to be stored once for each of some targets.
   * @param targets of one topic: the channel; of direct messages: the recipients
   * @throws MeshError ERR_ONCE_KEY
   */
  call(key: string, targets: readonly string[], message: PreparedMessage): OnceCall {
    if (typeof key !== 'string' || !KEY.test(key)) {
      throw new MeshError(
        'ERR_ONCE_KEY',
        `"${String(key).slice(0, 200)}" is no key to send once by: give 1 to 160 letters, digits and signs, no spaces`,
      )
    }
    return new OnceCall(key, digestOf(targets, message), this)
  }

  get status(): OnceStatus {
    return { kept: this.#kept, max: MAX_KEPT }
  }

  /** The groups that have keys and begin so. @throws StorageError */
  async groups(prefix: string): Promise<string[]> {
    await this.ready()
    return [...this.#groups.keys()].filter((group) => group.startsWith(prefix))
  }

  /** Forgets the keys of a group. @returns how many there were. @throws StorageError */
  async forget(group: string): Promise<number> {
    await this.ready()
    const calls = this.#groups.get(group)
    if (calls === undefined) return 0
    const { size } = calls
    const gone: { call: Call; key: string; target: string }[] = []
    for (const [key, call] of calls) {
      // What is being sent was asked for later than this.
      for (const [target, id] of call.ids) if (typeof id === 'string') gone.push({ call, key, target })
    }
    await this.#values.write(gone.map(({ key, target }) => ({ name: nameOf(key, target) })))
    // One that reads meanwhile may have seen them.
    while (this.#reading !== undefined) await this.#reading.catch(() => {})
    for (const { call, key, target } of gone) this.#remove(key, call, target)
    return size
  }

  /** Waits until memory has what is on disk. @throws StorageError */
  async ready(): Promise<void> {
    while (!this.#isCurrent) {
      this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined
      })
      await this.#reading
    }
  }

  /** What is known under a key. @throws MeshError ERR_ONCE_DIFFERS: of something else */
  find(key: string, digest: string): Call | undefined {
    const call = this.#groups.get(groupOf(key))?.get(key)
    if (call === undefined || call.digest === digest) return call
    throw new MeshError(
      'ERR_ONCE_DIFFERS',
      `another message was sent under the key ${key}: one key is for one message, to the same topic or recipients, with the same content; nothing was sent`,
    )
  }

  /** Sends to a target that is not known. @throws MeshError ERR_ONCE_FULL */
  async first(key: string, digest: string, target: string, store: StoreFirst): Promise<string> {
    if (this.#kept >= MAX_KEPT) {
      throw new MeshError(
        'ERR_ONCE_FULL',
        `${MAX_KEPT} keys of messages that were sent once are kept, and nothing was sent: forget those that are not needed any more`,
      )
    }
    const name = nameOf(key, target)
    const sending = store((id) => [{ name, value: Buffer.from(`${id} ${digest}`) }])
    const call = this.#keep(key, digest, target, sending)
    try {
      const id = await sending
      call.ids.set(target, id)
      return id
    } catch (error) {
      this.#isCurrent = false
      this.#failures += 1
      this.#remove(key, call, target)
      throw error
    }
  }

  async #read(): Promise<void> {
    const failures = this.#failures
    for await (const [name, value] of this.#values.read(PREFIX)) {
      const [key = '', target = ''] = name.slice(PREFIX.length).split(' ')
      const [id = '', digest = ''] = value.toString().split(' ')
      if (this.#groups.get(groupOf(key))?.get(key)?.ids.has(target) !== true) {
        this.#keep(key, digest, target, id)
      }
    }
    if (failures === this.#failures) this.#isCurrent = true
  }

  #keep(key: string, digest: string, target: string, id: string | Promise<string>): Call {
    const group = groupOf(key)
    const calls = this.#groups.get(group) ?? new Map<string, Call>()
    const call = calls.get(key) ?? { digest, ids: new Map() }
    this.#groups.set(group, calls.set(key, call))
    call.ids.set(target, id)
    this.#kept += 1
    return call
  }

  #remove(key: string, { ids }: Call, target: string): void {
    if (!ids.delete(target)) return
    this.#kept -= 1
    if (ids.size > 0) return
    const group = groupOf(key)
    const calls = this.#groups.get(group)
    calls?.delete(key)
    if (calls?.size === 0) this.#groups.delete(group)
  }
}

/** One message, to be stored once for each of its targets. */
export class OnceCall {
  readonly #key: string
  readonly #digest: string
  readonly #keys: OnceKeys

  constructor(key: string, digest: string, keys: OnceKeys) {
    this.#key = key
    this.#digest = digest
    this.#keys = keys
  }

  /** Those of some recipients for whom nothing is stored. @throws MeshError ERR_ONCE_DIFFERS; StorageError */
  async withoutKnown<T extends string>(recipients: readonly T[]): Promise<T[]> {
    await this.#keys.ready()
    const call = this.#keys.find(this.#key, this.#digest)
    return recipients.filter((name) => call?.ids.has(targetOf(name)) !== true)
  }

  /**
   * Stores the message for a target, unless it is there already.
   * @param recipient of a direct message
   * @returns its id, the same at every call
   * @throws MeshError ERR_ONCE_DIFFERS, ERR_ONCE_FULL; StorageError; as `store`
   */
  async send(store: StoreFirst, recipient?: string): Promise<string> {
    await this.#keys.ready()
    const target = recipient === undefined ? '' : targetOf(recipient)
    const known = this.#keys.find(this.#key, this.#digest)?.ids.get(target)
    return known ?? this.#keys.first(this.#key, this.#digest, target, store)
  }
}

/** What is before the last slash of a key. */
function groupOf(key: string): string {
  const end = key.lastIndexOf('/')
  return end < 0 ? key : key.slice(0, end)
}

function nameOf(key: string, target: string): string {
  return `${PREFIX}${key}${target === '' ? '' : ` ${target}`}`
}

/** A recipient's name is too long to stand in a value's. */
function targetOf(recipient: string): string {
  return shortHash(Buffer.from(recipient))
}

/** Of all that makes a message what it is, except for its times. */
function digestOf(targets: readonly string[], { wire }: PreparedMessage): string {
  const { type, contentType, replyTo, headers } = wire
  const about = JSON.stringify([[...targets].sort(), type, contentType, replyTo, headers])
  return shortHash(Buffer.concat([Buffer.from(`${about}\n`), wire.body]))
}

/** 16 bytes, as 22 characters. */
function shortHash(bytes: Uint8Array): string {
  return Buffer.from(sha256(bytes).subarray(0, 16)).toString('base64url')
}
