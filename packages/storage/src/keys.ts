/**
 * The layout of the database. The first byte of a key is its family:
 *
 * | family | key | value |
 * |---|---|---|
 * | A | arrival position | the entry: running hash, time, signed batch |
 * | B | sender, channel, arrival position | log id, count |
 * | C | channel, arrival position | log id, count |
 * | E | log id | what its sender did that an operator should know: see alerts.ts |
 * | G | log id | the log's state: names, next position, head |
 * | H | log id, position of the first message | a held batch: it waits for what is before it |
 * | I | log id, position of the first message | the secret of a held batch that is sealed |
 * | K | log id, position of the first message | a batch to somebody else's inbox, until it is there: see undelivered.ts |
 * | L | log id, position of the first message | arrival position, count, batch hash |
 * | M | name | a value of the store itself: schema, store id |
 * | N | kind, sender and channel as far as the kind has them | what was ever taken in: see counters.ts |
 * | O | sender, channel | run of the log that this node wrote last there |
 * | P | channel | how far some member has read this node's own batches there |
 * | Q | … | what the queue keeps: see packages/queue, level/keys.ts |
 * | S | sender, arrival position | log id, count |
 * | T | what it is combined with, sender, channel, type, arrival position | count; see type-index.ts |
 * | U | type, arrival position | count; only batches of many types: see type-index.ts |
 * | V | name | a value of another part of the node: see values.ts |
 * | X | log id, first position | a lost range, which may still turn up: see lost-ranges.ts |
 *
 * Numbers are 8 bytes, big-endian, so that the order of keys is the order of positions. Entries are only ever
 * added at the end of A, which LevelDB then moves between its levels without rewriting.
 */

const NUMBER_BYTES = 8

function family(letter: string): number {
  return letter.charCodeAt(0)
}

const ARRIVAL = family('A')
const BOTH = family('B')
const CHANNEL = family('C')
const ALERT = family('E')
const LOG = family('G')
const HELD = family('H')
const HELD_SECRET = family('I')
const UNDELIVERED = family('K')
const LOG_POSITION = family('L')
const META = family('M')
const COUNTER = family('N')
const OWN_TIP = family('O')
const PASSED = family('P')
const SENDER = family('S')
const TYPE = family('T')
const MIXED_TYPE = family('U')
const VALUE = family('V')
const LOST = family('X')

export function arrivalKey(position: number): Buffer {
  const key = Buffer.allocUnsafe(1 + NUMBER_BYTES)
  key[0] = ARRIVAL
  writeNumber(key, position, 1)
  return key
}

export function logKey(log: Uint8Array): Buffer {
  return concat(LOG, log)
}

export function logPositionKey(log: Uint8Array, first: number): Buffer {
  return numbered(concat(LOG_POSITION, log), first)
}

export function alertKey(log: Uint8Array): Buffer {
  return concat(ALERT, log)
}

export function heldKey(log: Uint8Array, first: number): Buffer {
  return numbered(concat(HELD, log), first)
}

export function heldSecretKey(log: Uint8Array, first: number): Buffer {
  return numbered(concat(HELD_SECRET, log), first)
}

export function undeliveredKey(log: Uint8Array, first: number): Buffer {
  return numbered(concat(UNDELIVERED, log), first)
}

export function lostKey(log: Uint8Array, first: number): Buffer {
  return numbered(concat(LOST, log), first)
}

export function passedKey(channel: string): Buffer {
  return concat(PASSED, Buffer.from(channel))
}

export function metaKey(name: string): Buffer {
  return concat(META, Buffer.from(name))
}

export function valueKey(name: string): Buffer {
  return concat(VALUE, Buffer.from(name))
}

/** The name in the key of a value. */
export function valueName(key: Buffer): string {
  return key.toString('utf8', 1)
}

export function ownTipKey(sender: Uint8Array, channel: string): Buffer {
  return concat(OWN_TIP, Buffer.concat([sender, Buffer.from(channel)]))
}

/** Prefix of the arrival order itself. */
export const ARRIVAL_PREFIX: Buffer = Buffer.of(ARRIVAL)

/** The keys of whole families, from the first to behind the last. */
export const ALERTS: KeyRange = familyRange(ALERT)
export const COUNTERS: KeyRange = familyRange(COUNTER)
export const HELD_BATCHES: KeyRange = familyRange(HELD)
export const LOGS: KeyRange = familyRange(LOG)
export const LOST_RANGES: KeyRange = familyRange(LOST)
export const PASSED_PLACES: KeyRange = familyRange(PASSED)
export const UNDELIVERED_BATCHES: KeyRange = familyRange(UNDELIVERED)
export const VALUES: KeyRange = familyRange(VALUE)

export interface KeyRange {
  readonly gte: Buffer
  readonly lt: Buffer
}

function familyRange(letter: number): KeyRange {
  return { gte: Buffer.of(letter), lt: Buffer.of(letter + 1) }
}

/** Prefix of the entries of one channel. */
export function channelPrefix(channel: string): Buffer {
  return concat(CHANNEL, counted(channel))
}

/** Prefix of the entries of one sender. */
export function senderPrefix(sender: Uint8Array): Buffer {
  return concat(SENDER, sender)
}

/** Prefix of the entries of one sender in one channel. */
export function senderChannelPrefix(sender: Uint8Array, channel: string): Buffer {
  return concat(BOTH, Buffer.concat([sender, counted(channel)]))
}

/** Prefix of the batches that hold messages of a type; of one channel, one sender or both, if given. */
export function typePrefix(
  type: string,
  channel: string | undefined,
  sender: Uint8Array | undefined,
): Buffer {
  const parts: Uint8Array[] = [Buffer.of((channel === undefined ? 0 : 1) + (sender === undefined ? 0 : 2))]
  if (sender !== undefined) parts.push(sender)
  if (channel !== undefined) parts.push(counted(channel))
  parts.push(typeName(type))
  return concat(TYPE, Buffer.concat(parts))
}

/** Prefix of the batches of many types that hold messages of a type. */
export function mixedTypePrefix(type: string): Buffer {
  return concat(MIXED_TYPE, typeName(type))
}

/** A type behind its length: of two bytes, so that one that is asked for and longer than any finds nothing. */
function typeName(type: string): Buffer {
  const name = Buffer.from(type)
  const length = Buffer.allocUnsafe(2)
  length.writeUInt16BE(Math.min(name.length, 0xffff))
  return Buffer.concat([length, name])
}

/** Key of a counter: what it counts, and of whom. */
export function counterKey(kind: number, name: Uint8Array): Buffer {
  return concat(COUNTER, Buffer.concat([Buffer.of(kind), name]))
}

/** A channel's name behind its length (a byte: a name has at most 106), which keeps names that begin alike apart. */
function counted(channel: string): Buffer {
  const name = Buffer.from(channel)
  return Buffer.concat([Buffer.of(name.length), name])
}

/** A prefix followed by a position. */
export function numbered(prefix: Uint8Array, position: number): Buffer {
  const key = Buffer.allocUnsafe(prefix.length + NUMBER_BYTES)
  key.set(prefix)
  writeNumber(key, position, prefix.length)
  return key
}

/** The position at the end of a key. */
export function positionOf(key: Buffer): number {
  return readNumber(key, key.length - NUMBER_BYTES)
}

export function writeNumber(target: Buffer, value: number, offset: number): void {
  target.writeUInt32BE(Math.floor(value / 2 ** 32), offset)
  target.writeUInt32BE(value % 2 ** 32, offset + 4)
}

export function readNumber(source: Buffer, offset: number): number {
  return source.readUInt32BE(offset) * 2 ** 32 + source.readUInt32BE(offset + 4)
}

function concat(first: number, rest: Uint8Array): Buffer {
  const key = Buffer.allocUnsafe(1 + rest.length)
  key[0] = first
  key.set(rest, 1)
  return key
}
