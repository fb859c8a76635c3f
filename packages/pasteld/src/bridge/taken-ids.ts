import { createHash } from 'node:crypto'
import type { ValueChange, Values } from '@pastel-mesh/storage'

/** Names of the values: `pasteld-in/one/<id>` of each message, until some are put together in `pasteld-in/many/<number>`. */
const ONE = 'pasteld-in/one/'
const MANY = 'pasteld-in/many/'
/** What is put together at a time: 24 bytes each, within a value's 64 KiB. */
const MAX_ONES = 1_024
/** 131,072 messages in the time for which they are remembered; the core's own list has no bound. */
const MAX_MANY = 128
const HASH_BYTES = 16
const RECORD_BYTES = HASH_BYTES + 8

/**
 * Which of the core's messages were taken in: its list is cumulative, and shows them again and again. Each is written down
 * in the commit that stores its message; in lots later, because values are few.
 */
export class TakenIds {
  readonly #values: Values
  /** By hash of the id: the message's time, in ms since 1970. */
  readonly #taken = new Map<string, number>()
  /** Ids that are values of their own. */
  readonly #ones = new Map<string, number>()
  readonly #many = new Set<number>()
  #isCurrent = false

  constructor(values: Values) {
    this.#values = values
  }

  /** No more can be remembered, so none can be taken in. */
  get isFull(): boolean {
    return this.#many.size >= MAX_MANY
  }

  get size(): number {
    return this.#taken.size
  }

  has(id: string): boolean {
    return this.#taken.has(hashOf(id))
  }

  /** What is to be written in the commit that stores the message. */
  noting(id: string, timeMs: number): ValueChange {
    return { name: ONE + id, value: timeOf(timeMs) }
  }

  /** The message is stored. */
  add(id: string, timeMs: number): void {
    this.#taken.set(hashOf(id), timeMs)
    this.#ones.set(id, timeMs)
  }

  /** Whether a message is stored is not known: what is on disk is read again. */
  doubt(): void {
    this.#isCurrent = false
  }

  /** Reads what is on disk, unless memory has it. @throws StorageError */
  async load(): Promise<void> {
    if (this.#isCurrent) return
    this.#taken.clear()
    this.#ones.clear()
    this.#many.clear()
    for await (const [name, value] of this.#values.read(ONE)) {
      this.add(name.slice(ONE.length), value.readDoubleBE(0))
    }
    for await (const [name, value] of this.#values.read(MANY)) {
      this.#many.add(Number(name.slice(MANY.length)))
      for (let at = 0; at + RECORD_BYTES <= value.length; at += RECORD_BYTES) {
        this.#taken.set(value.toString('latin1', at, at + HASH_BYTES), value.readDoubleBE(at + HASH_BYTES))
      }
    }
    this.#isCurrent = true
  }

  /**
   * Puts together what has gathered, and forgets what is older than a time: that is not taken in any more.
   * @throws StorageError: then nothing has changed
   */
  async tidy(sinceMs: number): Promise<void> {
    const changes: ValueChange[] = []
    const lot = this.#ones.size >= MAX_ONES ? [...this.#ones].slice(0, MAX_ONES) : []
    const number = lot.length === 0 ? undefined : this.#free()
    if (number !== undefined) {
      const records = lot.map(([id, timeMs]) =>
        Buffer.concat([Buffer.from(hashOf(id), 'latin1'), timeOf(timeMs)]),
      )
      changes.push({ name: manyName(number), value: Buffer.concat(records) })
      changes.push(...lot.map(([id]) => ({ name: ONE + id })))
    }
    const oldOnes = [...this.#ones].filter(([, timeMs]) => timeMs < sinceMs).map(([id]) => id)
    changes.push(...oldOnes.map((id) => ({ name: ONE + id })))
    const oldMany = await this.#old(sinceMs)
    changes.push(...oldMany.map((old) => ({ name: manyName(old) })))
    if (changes.length === 0) return
    await this.#values.write(changes)
    if (number !== undefined) {
      this.#many.add(number)
      for (const [id] of lot) this.#ones.delete(id)
    }
    for (const id of oldOnes) this.#ones.delete(id)
    for (const old of oldMany) this.#many.delete(old)
    for (const [hash, timeMs] of this.#taken) if (timeMs < sinceMs) this.#taken.delete(hash)
  }

  /** Lots of which everything is old. */
  async #old(sinceMs: number): Promise<number[]> {
    const old: number[] = []
    for await (const [name, value] of this.#values.read(MANY)) {
      let newestMs = 0
      for (let at = HASH_BYTES; at + 8 <= value.length; at += RECORD_BYTES) {
        newestMs = Math.max(newestMs, value.readDoubleBE(at))
      }
      if (newestMs < sinceMs) old.push(Number(name.slice(MANY.length)))
    }
    return old
  }

  #free(): number | undefined {
    for (let number = 0; number < MAX_MANY; number += 1) if (!this.#many.has(number)) return number
    return undefined
  }
}

function manyName(number: number): string {
  return `${MANY}${String(number).padStart(4, '0')}`
}

function hashOf(id: string): string {
  return createHash('sha256').update(id).digest().toString('latin1', 0, HASH_BYTES)
}

function timeOf(ms: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(ms)
  return bytes
}
