import { equalBytes, type LogId, openBatch, type SignedBatch } from '@pastel-mesh/protocol'
import type { Database, Operation } from './database.ts'
import { HELD_BATCHES, heldKey, heldSecretKey } from './keys.ts'
import { followedBy, type LogNames } from './log-state.ts'
import type { LogTable } from './log-table.ts'
import { isSealed } from './sealed.ts'

/** A batch that waits on disk for what is before it; the batch itself is not in memory. */
export interface HeldBatch extends LogNames {
  readonly first: number
  readonly count: number
  readonly hash: Uint8Array
  /** It may have a secret beside it. */
  readonly isSealed: boolean
  /** Only of a log's first batch: the log that it follows, and its last position. */
  readonly follows?: LogNames & { readonly head: number }
  /** Bytes that it takes on disk. */
  readonly sizeBytes: number
}

/**
 * Held batches of one sender, and of all: what a gap of some seconds holds up at full speed. Above it a batch
 * is not held, and log sync fetches it when its turn has come.
 */
const MAX_SENDER_BYTES = 8 * 1024 * 1024
const MAX_SENDER_BATCHES = 1024
const MAX_TOTAL_BYTES = 64 * 1024 * 1024
const MAX_TOTAL_BATCHES = 16_384

interface Account {
  bytes: number
  batches: number
}

/** The held batches, by log and position. */
export class HeldBatches {
  readonly #database: Database
  #logs = new Map<LogId, Map<number, HeldBatch>>()
  /** Of which logs the first batch waits for a log. */
  #followers = new Map<LogId, Set<LogId>>()
  #senders = new Map<string, Account>()
  #total: Account = { bytes: 0, batches: 0 }

  constructor(components: { database: Database }) {
    this.#database = components.database
  }

  get batches(): number {
    return this.#total.batches
  }

  get sizeBytes(): number {
    return this.#total.bytes
  }

  /** Logs with held batches. */
  logs(): LogId[] {
    return [...this.#logs.keys()]
  }

  /** Reads from the disk what is held. */
  async load(): Promise<void> {
    this.clear()
    for await (const [, value] of this.#database.iterate(HELD_BATCHES)) {
      this.#add(toHeld(openBatch(value)))
    }
  }

  clear(): void {
    this.#logs = new Map()
    this.#followers = new Map()
    this.#senders = new Map()
    this.#total = { bytes: 0, batches: 0 }
  }

  /** The held batch that has some of the same positions. */
  overlapping({ log, batch: { first, count } }: SignedBatch): HeldBatch | undefined {
    for (const held of this.#logs.get(log)?.values() ?? []) {
      if (held.first < first + count && first < held.first + held.count) return held
    }
    return undefined
  }

  has({ log, batch, hash }: SignedBatch): boolean {
    const held = this.#logs.get(log)?.get(batch.first)
    return held !== undefined && equalBytes(held.hash, hash)
  }

  /** The first held batch of a log, of those that begin at a position or behind it. */
  firstOf(log: LogId, from = 0): HeldBatch | undefined {
    let lowest: HeldBatch | undefined
    for (const held of this.#logs.get(log)?.values() ?? []) {
      if (held.first >= from && (lowest === undefined || held.first < lowest.first)) lowest = held
    }
    return lowest
  }

  /**
   * The held batches of a log that something is missing directly before. Mostly one: a late first batch, which waits
   * for the log that it follows, holds up nothing of its own log, which has gone on without it.
   */
  async frontsOf(log: LogId, logs: LogTable): Promise<HeldBatch[]> {
    const first = this.firstOf(log)
    if (first === undefined) return []
    const state = await logs.load(first.id, first.bytes)
    const next = this.firstOf(log, state?.next ?? 0)
    return next === undefined || next.first === first.first ? [first] : [first, next]
  }

  /** Position behind the last held message of a log; 0: none. */
  endOf(log: LogId): number {
    let end = 0
    for (const { first, count } of this.#logs.get(log)?.values() ?? []) end = Math.max(end, first + count)
    return end
  }

  /** The logs whose first batch waits for a log. */
  followersOf(log: LogId): LogId[] {
    return [...(this.#followers.get(log) ?? [])]
  }

  /** Whether the run that a batch begins would, over other held ones, follow itself. */
  followsItself(signed: SignedBatch): boolean {
    const seen = new Set<LogId>([signed.log])
    let log = followedBy(signed)?.id
    while (log !== undefined && !seen.has(log)) {
      seen.add(log)
      log = this.firstOf(log)?.follows?.id
    }
    return log === signed.log
  }

  /** Whether there is room for a batch. */
  hasRoomFor(signed: SignedBatch): boolean {
    const sizeBytes = signed.envelope.length
    const sender = this.#senders.get(keyOf(signed.batch.sender)) ?? { bytes: 0, batches: 0 }
    return (
      sender.batches < MAX_SENDER_BATCHES &&
      sender.bytes + sizeBytes <= MAX_SENDER_BYTES &&
      this.#total.batches < MAX_TOTAL_BATCHES &&
      this.#total.bytes + sizeBytes <= MAX_TOTAL_BYTES
    )
  }

  /**
   * Holds a batch; the operations write it.
   * @param secret of a sealed batch, kept beside it
   */
  add(signed: SignedBatch, secret?: Uint8Array): Operation[] {
    const held = toHeld(signed)
    const { bytes, first } = held
    this.#add(held)
    const put: Operation = { type: 'put', key: heldKey(bytes, first), value: Buffer.from(signed.envelope) }
    if (secret === undefined) return [put]
    return [put, { type: 'put', key: heldSecretKey(bytes, first), value: Buffer.from(secret) }]
  }

  /** Holds a batch no more; the operations delete it. */
  remove(held: HeldBatch): Operation[] {
    const log = this.#logs.get(held.id)
    if (log?.delete(held.first) === true) {
      this.#charge(held, -1)
      if (held.follows !== undefined) this.#removeFollower(held.follows.id, held.id)
      if (log.size === 0) this.#logs.delete(held.id)
    }
    const deleted: Operation = { type: 'del', key: heldKey(held.bytes, held.first) }
    return held.isSealed ? [deleted, { type: 'del', key: heldSecretKey(held.bytes, held.first) }] : [deleted]
  }

  /** Holds nothing of a log any more. */
  removeAll(log: LogId): Operation[] {
    return [...(this.#logs.get(log)?.values() ?? [])].flatMap((held) => this.remove(held))
  }

  /** The batch itself; undefined if it is not on disk. */
  async read({ bytes, first }: HeldBatch): Promise<SignedBatch | undefined> {
    const value = await this.#database.get(heldKey(bytes, first))
    return value === undefined ? undefined : openBatch(value)
  }

  /** The secret that a held batch was placed with. */
  async readSecret({ isSealed, bytes, first }: HeldBatch): Promise<Uint8Array | undefined> {
    return isSealed ? this.#database.get(heldSecretKey(bytes, first)) : undefined
  }

  #add(held: HeldBatch): void {
    let log = this.#logs.get(held.id)
    if (log === undefined) {
      log = new Map()
      this.#logs.set(held.id, log)
    }
    log.set(held.first, held)
    this.#charge(held, 1)
    if (held.follows === undefined) return
    const followers = this.#followers.get(held.follows.id) ?? new Set()
    followers.add(held.id)
    this.#followers.set(held.follows.id, followers)
  }

  #removeFollower(log: LogId, follower: LogId): void {
    const followers = this.#followers.get(log)
    followers?.delete(follower)
    if (followers?.size === 0) this.#followers.delete(log)
  }

  #charge(held: HeldBatch, sign: 1 | -1): void {
    const key = keyOf(held.sender)
    const account = this.#senders.get(key) ?? { bytes: 0, batches: 0 }
    for (const one of [account, this.#total]) {
      one.bytes += sign * held.sizeBytes
      one.batches += sign
    }
    if (account.batches === 0) this.#senders.delete(key)
    else this.#senders.set(key, account)
  }
}

/** What is remembered of a held batch: nothing that is a view of the batch's memory. */
function toHeld(signed: SignedBatch): HeldBatch {
  const { batch, log, logBytes, hash, envelope } = signed
  const sender = new Uint8Array(batch.sender)
  const followed = followedBy(signed)
  return {
    id: log,
    bytes: new Uint8Array(logBytes),
    sender,
    channel: batch.channel,
    run: new Uint8Array(batch.run),
    first: batch.first,
    count: batch.count,
    hash: new Uint8Array(hash),
    isSealed: isSealed(batch),
    sizeBytes: envelope.length,
    ...(followed === undefined || batch.follows === undefined
      ? {}
      : {
          follows: { ...followed, sender, run: new Uint8Array(followed.run), head: batch.follows.head },
        }),
  }
}

function keyOf(sender: Uint8Array): string {
  return Buffer.from(sender.buffer, sender.byteOffset, sender.length).toString('latin1')
}
