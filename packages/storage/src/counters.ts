import { ArrivalReader } from './arrival-reader.ts'
import { sizeOfArrival } from './arrival-record.ts'
import type { Database, Operation } from './database.ts'
import { COUNTERS, counterKey, readNumber, writeNumber } from './keys.ts'
import { SENDER_BYTES } from './log-state.ts'
import { aboutOf, toStoredEntry } from './stored-entry.ts'

/** How much: messages, the batches they came in, and the bytes of those batches with their signatures. */
export interface Counts {
  readonly messages: number
  readonly batches: number
  readonly bytes: number
}

/** By what is counted: the sender; the receiver, which is a channel; or both. */
export type CountedBy = 'sender' | 'channel' | 'pair'

/** What was taken in from a sender, for a channel, or of both. */
export interface Count extends Counts {
  /** 57-byte public key. */
  readonly sender?: Uint8Array
  readonly channel?: string
}

export interface CountsQuery {
  readonly by: CountedBy
  /** Only pairs with this sender. */
  readonly sender?: Uint8Array
  /** Only pairs with this channel. */
  readonly channel?: string
  /**
   * The largest first; `first`: in an order that stays, so that who reads page by page meets each, however they grow meanwhile.
   * @default 'messages'
   */
  readonly order?: keyof Counts | 'first'
  /** @default 0 */
  readonly offset?: number
  /** @default 100 */
  readonly limit?: number
}

export interface CountsPage {
  readonly counts: Count[]
  /** How many there are, those of other pages included. */
  readonly size: number
  /** All that have no counter of their own, because there were too many before them, together. */
  readonly others: Counts
}

/**
 * Counters of their own: some 250 bytes of memory each, so 12 MB if all are used, and as many puts of 24 bytes, a sender's of 32.
 * A network of supernodes has some thousands of members; in one that is open anybody can make up senders.
 */
const MAX_COUNTERS: Record<CountedBy, number> = { sender: 8192, channel: 8192, pair: 32_768 }

const KINDS: readonly (CountedBy | 'total')[] = ['total', 'sender', 'channel', 'pair']
const VALUE_BYTES = 3 * 8
/** A sender's has one number more. */
const SENDER_VALUE_BYTES = 4 * 8

type Put = Extract<Operation, { type: 'put' }>

/** A counter in memory: ahead of the disk by the commits in flight. */
interface Counter {
  messages: number
  batches: number
  bytes: number
  /** Of a sender: bytes of entries that are stored now. */
  storedBytes: number
  readonly key: Buffer
  /** The operation that wrote it last, and where it stands in its commit. */
  put?: Put
  putAt: number
}

/** From whom, a 57-byte public key, and to which channel messages are counted. */
export interface CountedAs {
  readonly sender: Uint8Array
  readonly channel: string
}

/** What the counters have to know of a batch. */
export interface Counted extends CountedAs {
  readonly messages: number
  readonly bytes: number
}

/**
 * What was ever taken in, in total, by sender, by channel and by both: every batch of the arrival order, own ones
 * included; what retention removed stays counted. Written in the commit that writes the batch, so exact whatever
 * fails; one put a counter however many batches a commit has.
 */
export class Counters {
  readonly #database: Database
  #total = newCounter('total')
  #counters = newTables()
  #others = newOthers()

  constructor(components: { database: Database }) {
    this.#database = components.database
  }

  /** Begins with what is on disk. */
  async load(): Promise<void> {
    this.#total = newCounter('total')
    this.#counters = newTables()
    this.#others = newOthers()
    let isWithoutStored = false
    for await (const [key, value] of this.#database.iterate(COUNTERS)) {
      const kind = KINDS[key[1] as number]
      if (kind === undefined) throw new Error(`there is a counter of unknown kind ${key[1]}`)
      const isOwn = kind !== 'total' && key.length > 2
      const counter = kind === 'total' ? this.#total : isOwn ? newCounter(kind, key) : this.#others[kind]
      counter.messages = readNumber(value, 0)
      counter.batches = readNumber(value, 8)
      counter.bytes = readNumber(value, 16)
      if (value.length >= SENDER_VALUE_BYTES) counter.storedBytes = readNumber(value, 24)
      else if (kind === 'sender') isWithoutStored = true
      if (isOwn) this.#counters[kind].set(nameOf(key), counter)
    }
    if (isWithoutStored) await this.#countStored()
  }

  /** Once, in a database that was written before what is stored of each sender was counted: reads all of it. */
  async #countStored(): Promise<void> {
    for (const counter of this.#senders()) counter.storedBytes = 0
    const reader = new ArrivalReader({ database: this.#database })
    for await (const record of reader.records({ to: Number.MAX_SAFE_INTEGER })) {
      const entry = toStoredEntry(record)
      if (entry === undefined) continue
      this.#counterOf('sender', Buffer.from(aboutOf(entry).sender)).storedBytes += sizeOfArrival(record)
    }
    const group: Operation[] = []
    for (const counter of this.#senders()) put(counter, group)
    await this.#database.write(group, { sync: true })
  }

  #senders(): Counter[] {
    return [...this.#counters.sender.values(), this.#others.sender]
  }

  /** Counts a batch, in the commit that is being put together. */
  add({ sender, channel, messages, bytes }: Counted, group: Operation[]): void {
    const who = Buffer.from(sender.buffer, sender.byteOffset, sender.length)
    const where = Buffer.from(channel)
    for (const counter of [
      this.#total,
      this.#counterOf('sender', who),
      this.#counterOf('channel', where),
      this.#counterOf('pair', Buffer.concat([who, where])),
    ]) {
      counter.messages += messages
      counter.batches += 1
      counter.bytes += bytes
      put(counter, group)
    }
  }

  /** Entries of a sender are stored, or if it is less than nothing removed, in the commit that is being put together. */
  store(sender: Uint8Array, bytes: number, group: Operation[]): void {
    // A notice may come before the first batch of its sender.
    const counter = this.#counterOf('sender', Buffer.from(sender))
    counter.storedBytes = Math.max(0, counter.storedBytes + bytes)
    put(counter, group)
  }

  /** Whether a sender has a counter of its own. */
  hasOwn(sender: Uint8Array): boolean {
    return this.#counters.sender.has(Buffer.from(sender).toString('latin1'))
  }

  /** What is stored of each sender that has a counter of its own. */
  storedBySender(): { sender: Uint8Array; storedBytes: number }[] {
    return [...this.#counters.sender.values()].map(({ key, storedBytes }) => ({
      sender: key.subarray(2),
      storedBytes,
    }))
  }

  get total(): Counts {
    return countsOf(this.#total)
  }

  /** The counters of one kind, the largest first unless asked otherwise. */
  list({ by, sender, channel, order = 'messages', offset = 0, limit = 100 }: CountsQuery): CountsPage {
    // Of some senders there is only what says that something of theirs is missing.
    let found = [...this.#counters[by].values()].filter(({ batches }) => batches > 0)
    if (sender !== undefined || channel !== undefined) {
      found = found.filter(({ key }) => isAbout(toCount(by, key), sender, channel))
    }
    // As they are: none is ever taken away, and a new one comes last.
    if (order !== 'first') found.sort((a, b) => b[order] - a[order] || Buffer.compare(a.key, b.key))
    const counts = found
      .slice(offset, offset + limit)
      .map((counter) => ({ ...toCount(by, counter.key), ...countsOf(counter) }))
    return { counts, size: found.length, others: countsOf(this.#others[by]) }
  }

  #counterOf(kind: CountedBy, name: Buffer): Counter {
    const counters = this.#counters[kind]
    const text = name.toString('latin1')
    const known = counters.get(text)
    if (known !== undefined) return known
    if (counters.size >= MAX_COUNTERS[kind]) return this.#others[kind]
    const counter = newCounter(kind, counterKey(KINDS.indexOf(kind), name))
    counters.set(text, counter)
    return counter
  }
}

/** Writes a counter; if the commit has written it already, that put gets the new value. */
function put(counter: Counter, group: Operation[]): void {
  let last = counter.put
  if (last === undefined || group[counter.putAt] !== last) {
    const isSender = KINDS[counter.key[1] as number] === 'sender'
    const value = Buffer.allocUnsafe(isSender ? SENDER_VALUE_BYTES : VALUE_BYTES)
    last = { type: 'put', key: counter.key, value }
    counter.put = last
    counter.putAt = group.push(last) - 1
  }
  writeNumber(last.value, counter.messages, 0)
  writeNumber(last.value, counter.batches, 8)
  writeNumber(last.value, counter.bytes, 16)
  if (last.value.length === SENDER_VALUE_BYTES) writeNumber(last.value, counter.storedBytes, 24)
}

function newCounter(
  kind: CountedBy | 'total',
  key = counterKey(KINDS.indexOf(kind), Buffer.alloc(0)),
): Counter {
  return { messages: 0, batches: 0, bytes: 0, storedBytes: 0, key, putAt: -1 }
}

function newTables(): Record<CountedBy, Map<string, Counter>> {
  return { sender: new Map(), channel: new Map(), pair: new Map() }
}

/** Stored under the name of nobody. */
function newOthers(): Record<CountedBy, Counter> {
  return { sender: newCounter('sender'), channel: newCounter('channel'), pair: newCounter('pair') }
}

function nameOf(key: Buffer): string {
  return key.toString('latin1', 2)
}

function countsOf({ messages, batches, bytes }: Counter): Counts {
  return { messages, batches, bytes }
}

function toCount(by: CountedBy, key: Buffer): Pick<Count, 'sender' | 'channel'> {
  const channelAt = by === 'channel' ? 2 : 2 + SENDER_BYTES
  return {
    ...(by === 'channel' ? {} : { sender: key.subarray(2, channelAt) }),
    ...(by === 'sender' ? {} : { channel: key.toString('utf8', channelAt) }),
  }
}

function isAbout(
  count: Pick<Count, 'sender' | 'channel'>,
  sender: Uint8Array | undefined,
  channel: string | undefined,
): boolean {
  return (
    (channel === undefined || count.channel === channel) &&
    (sender === undefined || (count.sender !== undefined && Buffer.compare(count.sender, sender) === 0))
  )
}
