import { createHash } from 'node:crypto'
import type { ValueChange, Values } from '@pastel-mesh/storage'

/** Names of the values: `pasteld-in/one/<id>` of each message, until some are put together in `pasteld-in/many/<number>`. */
const ONE = 'pasteld-in/one/'
const MANY = 'pasteld-in/many/'
/** The newest time of which an id was forgotten. */
const FLOOR = 'pasteld-in/floor'
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
  /** Ids that were found among them: they are asked for at every look, and not hashed again. */
  readonly #found = new Set<string>()
  /** Ids that are values of their own. */
  readonly #ones = new Map<string, number>()
  /** By number: the newest time in a lot. */
  readonly #many = new Map<number, number>()
  #floorMs = Number.NEGATIVE_INFINITY
  #isCurrent = false

  constructor(values: Values) {
    this.#values = values
  }

  /** It is time to put some together: until then none should be added. */
  get isDue(): boolean {
    return this.#ones.size >= MAX_ONES
  }

  /** No more can be remembered, so none can be taken in. */
  get isFull(): boolean {
    return this.isDue && this.#many.size >= MAX_MANY
  }

  get size(): number {
    return this.#taken.size
  }

  /** Of this time and before it ids were forgotten, so what is not remembered may have been taken in. */
  get floorMs(): number {
    return this.#floorMs
  }

  has(id: string): boolean {
    if (this.#found.has(id)) return true
    if (!this.#taken.has(hashOf(id))) return false
    this.#found.add(id)
    return true
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
    this.#found.clear()
    this.#ones.clear()
    this.#many.clear()
    for await (const [, value] of this.#values.read(FLOOR)) this.#floorMs = value.readDoubleBE(0)
    for await (const [name, value] of this.#values.read(ONE)) {
      this.add(name.slice(ONE.length), value.readDoubleBE(0))
    }
    for await (const [name, value] of this.#values.read(MANY)) {
      let newestMs = Number.NEGATIVE_INFINITY
      for (let at = 0; at + RECORD_BYTES <= value.length; at += RECORD_BYTES) {
        const timeMs = value.readDoubleBE(at + HASH_BYTES)
        this.#taken.set(value.toString('latin1', at, at + HASH_BYTES), timeMs)
        newestMs = Math.max(newestMs, timeMs)
      }
      this.#many.set(Number(name.slice(MANY.length)), newestMs)
    }
    this.#isCurrent = true
  }

  /**
   * Forgets what is older than a time, for good: that is not taken in any more, whatever clocks and settings say later.
   * Then puts together what has gathered.
   * @throws StorageError: memory has what was written until then
   */
  async tidy(sinceMs: number): Promise<void> {
    await this.#forget(sinceMs)
    while (this.isDue) {
      const number = this.#free()
      if (number === undefined) return
      await this.#putTogether(number)
    }
  }

  async #forget(sinceMs: number): Promise<void> {
    const ones = [...this.#ones].filter(([, timeMs]) => timeMs < sinceMs).map(([id]) => id)
    const many = [...this.#many].filter(([, newestMs]) => newestMs < sinceMs).map(([number]) => number)
    let floorMs = this.#floorMs
    for (const timeMs of this.#taken.values()) if (timeMs < sinceMs) floorMs = Math.max(floorMs, timeMs)
    const changes: ValueChange[] = [
      ...ones.map((id) => ({ name: ONE + id })),
      ...many.map((number) => ({ name: manyName(number) })),
      ...(floorMs === this.#floorMs ? [] : [{ name: FLOOR, value: timeOf(floorMs) }]),
    ]
    if (changes.length === 0) return
    await this.#values.write(changes)
    this.#floorMs = floorMs
    this.#found.clear()
    for (const id of ones) this.#ones.delete(id)
    for (const number of many) this.#many.delete(number)
    for (const [hash, timeMs] of this.#taken) if (timeMs < sinceMs) this.#taken.delete(hash)
  }

  async #putTogether(number: number): Promise<void> {
    const lot = [...this.#ones].slice(0, MAX_ONES)
    const records = lot.map(([id, timeMs]) =>
      Buffer.concat([Buffer.from(hashOf(id), 'latin1'), timeOf(timeMs)]),
    )
    await this.#values.write([
      { name: manyName(number), value: Buffer.concat(records) },
      ...lot.map(([id]) => ({ name: ONE + id })),
    ])
    this.#many.set(number, Math.max(...lot.map(([, timeMs]) => timeMs)))
    for (const [id] of lot) this.#ones.delete(id)
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
