import { type LogId, type MessageId, messageId, parseMessageId } from '@pastel-mesh/protocol'
import type { ValueChange, Values } from '@pastel-mesh/storage'

export interface RepeatsOptions {
  /** Names of the values begin so. */
  readonly prefix: string
  /** Logs that are remembered: those that changed longest ago leave first. @default 1,024 */
  readonly maxLogs?: number
  /** Of these, those of one owner; what is before the last `/` of a name is the owner. @default all */
  readonly maxLogsOfOwner?: number
}

export interface RepeatsComponents {
  readonly values: Values
}

/** What stands for a message. */
export interface Repeat {
  readonly id: MessageId
  /** How often it was sent again by then. */
  readonly tries: number
}

/** Consecutive positions of a log, and those of another that stand for them, one for one. */
interface Stretch {
  readonly first: number
  readonly count: number
  readonly log: LogId
  readonly to: number
  readonly tries: number
  readonly expiresAtMs: number
}

const MAX_LOGS = 1_024
/** Stretches of one log; what is sent again goes in order, so that a log usually has one. */
const MAX_STRETCHES = 256

/**
 * Which message stands for which, by the log and the position of the one that is repeated. In memory, and on disk in
 * one value a log, which the caller writes in the commit that brings the repeat.
 */
export class Repeats {
  readonly #options: Required<RepeatsOptions>
  readonly #values: Values
  /** Those that changed last are at the end. */
  readonly #logs = new Map<string, Stretch[]>()

  constructor(options: RepeatsOptions, { values }: RepeatsComponents) {
    const { maxLogs = MAX_LOGS } = options
    this.#options = { maxLogs, maxLogsOfOwner: maxLogs, ...options }
    this.#values = values
  }

  get isEmpty(): boolean {
    return this.#logs.size === 0
  }

  /** Reads what was kept. @throws StorageError */
  async start(): Promise<void> {
    this.#logs.clear()
    for (const [name, stretches] of await this.#read(this.#options.prefix)) this.#logs.set(name, stretches)
  }

  /** Reads what was kept of one log: what was to be written with a commit may not be there. @throws StorageError */
  async reload(name: string): Promise<void> {
    const kept = (await this.#read(this.#options.prefix + name)).get(name)
    if (kept === undefined) this.#logs.delete(name)
    else this.#logs.set(name, kept)
  }

  /** What stands for a message. */
  of(name: string, position: number): Repeat | undefined {
    const stretch = this.#logs.get(name)?.findLast((one) => isWithin(position, one.first, one.count))
    if (stretch === undefined) return undefined
    return { id: messageId(stretch.log, stretch.to + position - stretch.first), tries: stretch.tries }
  }

  /** How often that was sent again which a message stands for, this time included; undefined: nothing tells. */
  triesOf(log: LogId, position: number): number | undefined {
    for (const stretches of this.#logs.values()) {
      const stretch = stretches.find((one) => one.log === log && isWithin(position, one.to, one.count))
      if (stretch !== undefined) return stretch.tries
    }
    return undefined
  }

  /**
   * Another message stands for one.
   * @returns what is to be written; empty: of this log no more is remembered
   */
  add(name: string, position: number, { id, tries }: Repeat, expiresAtMs: number): ValueChange[] {
    const { log, position: to } = parseMessageId(id)
    const stretches = this.#logs.get(name) ?? []
    const last = stretches.at(-1)
    const goesOn =
      last !== undefined &&
      last.log === log &&
      last.tries === tries &&
      last.expiresAtMs === expiresAtMs &&
      last.first + last.count === position &&
      last.to + last.count === to
    if (goesOn) stretches[stretches.length - 1] = { ...last, count: last.count + 1 }
    else if (stretches.length === MAX_STRETCHES) return []
    else stretches.push({ first: position, count: 1, log, to, tries, expiresAtMs })
    const gone = this.#logs.delete(name) ? [] : this.#makeRoom(name)
    this.#logs.set(name, stretches)
    return [...gone, { name: this.#options.prefix + name, value: Buffer.from(JSON.stringify(stretches)) }]
  }

  /** Whether another message that stands for one of a log can be remembered. */
  hasRoom(name: string): boolean {
    return (this.#logs.get(name)?.length ?? 0) < MAX_STRETCHES
  }

  /** Lets go of the logs of which a function does not say that they are kept. @throws StorageError */
  async sweep(isKept: (name: string, expiresAtMs: number) => boolean | Promise<boolean>): Promise<void> {
    const gone: ValueChange[] = []
    for (const [name, stretches] of [...this.#logs]) {
      if (await isKept(name, Math.max(...stretches.map(({ expiresAtMs }) => expiresAtMs)))) continue
      gone.push(this.#forget(name))
    }
    if (gone.length > 0) await this.#values.write(gone)
  }

  /** Before a log is remembered that was not. */
  #makeRoom(name: string): ValueChange[] {
    const { maxLogs, maxLogsOfOwner } = this.#options
    const owner = ownerOf(name)
    const ofOwner = [...this.#logs.keys()].filter((one) => ownerOf(one) === owner)
    const gone = ofOwner
      .slice(0, Math.max(0, ofOwner.length + 1 - maxLogsOfOwner))
      .map((one) => this.#forget(one))
    for (const [oldest] of this.#logs) {
      if (this.#logs.size < maxLogs) break
      gone.push(this.#forget(oldest))
    }
    return gone
  }

  #forget(name: string): ValueChange {
    this.#logs.delete(name)
    return { name: this.#options.prefix + name }
  }

  async #read(prefix: string): Promise<Map<string, Stretch[]>> {
    const read = new Map<string, Stretch[]>()
    for await (const [name, value] of this.#values.read(prefix)) {
      const stretches = parse(value)
      if (stretches !== undefined) read.set(name.slice(this.#options.prefix.length), stretches)
    }
    return read
  }
}

function isWithin(position: number, first: number, count: number): boolean {
  return first <= position && position < first + count
}

function ownerOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/') + 1)
}

/** A value that is damaged says nothing. */
function parse(value: Buffer): Stretch[] | undefined {
  try {
    return JSON.parse(value.toString()) as Stretch[]
  } catch {
    return undefined
  }
}
