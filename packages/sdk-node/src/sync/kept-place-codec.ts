import {
  type Cursor,
  decodeLogId,
  encodeLogId,
  LOG_ID_BYTES,
  MAX_NUMBER,
  parseChannel,
  RUNNING_HASH_BYTES,
  STORE_ID_BYTES,
} from '@pastel-mesh/protocol'
import {
  CHANNELS_KEY_BYTES,
  type ChannelRange,
  type Checkpoint,
  type KeptPlace,
  MAX_PAUSE_MS,
  MAX_WANTED,
  MIN_PAUSE_MS,
  type WantedRange,
} from './sync-place.ts'

/** A place on the disk, and what it depends on. */
export interface KeptRecord {
  /** The end of this node's own order when it was written: it means nothing in an order that does not reach there. */
  readonly own: Cursor
  /** In ms since 1970. */
  readonly writtenAtMs: number
  readonly place: KeptPlace
}

/** The first byte: what is written otherwise is forgotten. */
const VERSION = 1

const SENDER_BYTES = 57

/** Groups of channels that a node reads: as many as its topics could fill. */
const MAX_CHECKPOINTS = 64

/**
 * ```
 * version (1 byte) · own cursor · written at · checkpoints: number, each (key, since, cursor)
 * writers: number, each (sender or nothing, channel) · wanted: number, each (log, writer, first, length, since, flags)
 * ```
 * Numbers are varints; a cursor is store (16), position and hash (8, none at 0). The flags of a range: bit 0, it is
 * the peer's own; the rest, how often its pause was doubled.
 */
export function encodeKept({ own, writtenAtMs, place }: KeptRecord): Buffer {
  const writer = new Writer()
  writer.bytes(Uint8Array.of(VERSION))
  writer.cursor(own)
  writer.number(writtenAtMs)
  writer.number(place.checkpoints.size)
  for (const [key, { cursor, sinceMs }] of place.checkpoints) {
    writer.bytes(Buffer.from(key, 'hex'))
    writer.number(sinceMs)
    writer.cursor(cursor)
  }
  const writers = new Map<string, { number: number; range: ChannelRange }>()
  for (const { range } of place.wanted) {
    const name = writerOf(range)
    if (!writers.has(name)) writers.set(name, { number: writers.size, range })
  }
  writer.number(writers.size)
  for (const { range } of writers.values()) {
    writer.text(range.sender ?? new Uint8Array(0))
    writer.text(Buffer.from(range.channel))
  }
  writer.number(place.wanted.length)
  for (const { range, pauseMs } of place.wanted) {
    writer.bytes(decodeLogId(range.log))
    writer.number(writers.get(writerOf(range))?.number ?? 0)
    writer.number(range.first)
    writer.number(range.last - range.first)
    writer.number(range.sinceMs ?? 0)
    const doubled = Math.ceil(Math.log2(Math.max(1, pauseMs / MIN_PAUSE_MS)))
    writer.number(doubled * 2 + (range.isHolders === true ? 1 : 0))
  }
  return writer.finish()
}

/** What was kept; undefined: the bytes are damaged, or of another version. */
export function decodeKept(bytes: Uint8Array): KeptRecord | undefined {
  try {
    return decode(new Reader(bytes))
  } catch {
    // Whatever is wrong with it, everything is looked at again.
    return undefined
  }
}

function decode(reader: Reader): KeptRecord {
  check(reader.bytes(1)[0] === VERSION)
  const own = reader.cursor()
  const writtenAtMs = reader.number()
  const checkpoints = new Map<string, Checkpoint>()
  for (let left = reader.count(MAX_CHECKPOINTS); left > 0; left -= 1) {
    const key = reader.bytes(CHANNELS_KEY_BYTES).toString('hex')
    const sinceMs = reader.number()
    checkpoints.set(key, { sinceMs, cursor: reader.cursor() })
  }
  const writers: Pick<ChannelRange, 'sender' | 'channel'>[] = []
  for (let left = reader.count(MAX_WANTED); left > 0; left -= 1) {
    const sender = reader.text()
    check(sender.length === 0 || sender.length === SENDER_BYTES)
    const channel = reader.text().toString()
    parseChannel(channel)
    writers.push(sender.length === 0 ? { channel } : { channel, sender })
  }
  const wanted: WantedRange[] = []
  for (let left = reader.count(MAX_WANTED); left > 0; left -= 1) wanted.push(decodeWanted(reader, writers))
  check(reader.isAtEnd)
  return { own, writtenAtMs, place: { checkpoints, wanted } }
}

function decodeWanted(
  reader: Reader,
  writers: readonly Pick<ChannelRange, 'sender' | 'channel'>[],
): WantedRange {
  const log = encodeLogId(reader.bytes(LOG_ID_BYTES))
  const writer = writers[reader.number()]
  check(writer !== undefined)
  const first = reader.number()
  const last = first + reader.number()
  check(last <= MAX_NUMBER)
  const sinceMs = reader.number()
  const flags = reader.number()
  const range = {
    ...(writer as Pick<ChannelRange, 'sender' | 'channel'>),
    log,
    first,
    last,
    ...(sinceMs === 0 ? {} : { sinceMs }),
    ...(flags % 2 === 1 ? { isHolders: true } : {}),
  }
  return { range, pauseMs: Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS * 2 ** Math.floor(flags / 2)) }
}

function writerOf({ sender, channel }: ChannelRange): string {
  return `${Buffer.from(sender ?? []).toString('latin1')} ${channel}`
}

function check(isSound: boolean): void {
  if (!isSound) throw new RangeError('the bytes of a kept place are damaged')
}

class Writer {
  readonly #parts: Uint8Array[] = []

  bytes(bytes: Uint8Array): void {
    this.#parts.push(bytes)
  }

  number(value: number): void {
    const bytes: number[] = []
    let rest = value
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
    bytes.push(rest)
    this.bytes(Uint8Array.from(bytes))
  }

  text(bytes: Uint8Array): void {
    this.number(bytes.length)
    this.bytes(bytes)
  }

  cursor({ store, position, hash }: Cursor): void {
    this.bytes(store)
    this.number(position)
    this.bytes(hash)
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts)
  }
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes)
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  bytes(length: number): Buffer {
    const end = this.#at + length
    check(end <= this.#bytes.length)
    const bytes = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return bytes
  }

  number(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      check(scale <= MAX_NUMBER)
      const [byte = 0] = this.bytes(1)
      value += (byte % 128) * scale
      check(value <= MAX_NUMBER)
      if (byte < 128) return value
    }
  }

  count(limit: number): number {
    const count = this.number()
    check(count <= limit)
    return count
  }

  text(): Buffer {
    return this.bytes(this.count(this.#bytes.length))
  }

  cursor(): Cursor {
    const store = this.bytes(STORE_ID_BYTES)
    const position = this.number()
    return { store, position, hash: this.bytes(position === 0 ? 0 : RUNNING_HASH_BYTES) }
  }
}
