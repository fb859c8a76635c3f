import { base32 } from '@scure/base'
import { asBuffer } from './bytes.ts'
import { ProtocolError } from './errors.ts'
import { sha256 } from './hash.ts'

/** Bytes of a log id. */
export const LOG_ID_BYTES = 16

/** Bytes of a run: start time in ms, big-endian, and 8 random bytes. */
export const RUN_BYTES = 16

/** 26 characters of lower-case base32 (RFC 4648, no padding) over the 16 bytes of a log id. */
export type LogId = string & { readonly __brand: 'LogId' }

/** `<log id>-<position>`. */
export type MessageId = string & { readonly __brand: 'MessageId' }

// The last character carries two unused bits, which are zero: only one spelling of an id is legal.
const LOG_ID = /^[a-z2-7]{25}[aeimquy4]$/
const MESSAGE_ID = /^[a-z2-7]{25}[aeimquy4]-(?:0|[1-9][0-9]{0,15})$/

/**
 * The first 16 bytes of SHA-256(sender ‖ channel ‖ run). In one call: a hash object for each batch that is read would
 * live until the next full garbage collection, and be moved by each of the small ones before it.
 */
function logIdBytes(sender: Uint8Array, channel: string, run: Uint8Array): Uint8Array {
  return sha256(Buffer.concat([sender, Buffer.from(channel, 'utf8'), run])).subarray(0, LOG_ID_BYTES)
}

/** The id of a log, as text and as its 16 bytes. */
export interface LogIdPair {
  readonly id: LogId
  /** Shared by all who ask: not to be changed. */
  readonly bytes: Uint8Array
}

/** Logs remembered: at some 300 bytes each, about a megabyte. */
const MAX_LOGS = 4096

const logs = new Map<string, LogIdPair>()

/** The id of a log, remembered: most batches that come, or are read, are of logs that came before. */
export function logIdPair(sender: Uint8Array, channel: string, run: Uint8Array): LogIdPair {
  const key = `${asBuffer(run).toString('latin1')}${asBuffer(sender).toString('latin1')}${channel}`
  let pair = logs.get(key)
  if (pair === undefined) {
    // Copied: the hash is a view of memory that others share.
    const bytes = new Uint8Array(logIdBytes(sender, channel, run))
    pair = { id: encodeLogId(bytes), bytes }
    if (logs.size >= MAX_LOGS) logs.clear()
    logs.set(key, pair)
  }
  return pair
}

/** The id of the log that one sender wrote to one channel during one run. */
export function logId(sender: Uint8Array, channel: string, run: Uint8Array): LogId {
  return logIdPair(sender, channel, run).id
}

export function encodeLogId(bytes: Uint8Array): LogId {
  return base32.encode(bytes).replace(/=+$/, '').toLowerCase() as LogId
}

/**
 * The 16 bytes behind a log id.
 * @throws ProtocolError ERR_LOG_ID
 */
export function decodeLogId(text: string): Uint8Array {
  if (LOG_ID.test(text)) return base32.decode(`${text.toUpperCase()}======`)
  throw new ProtocolError(
    'ERR_LOG_ID',
    `"${text.slice(0, 64)}" is not a log id: expected 26 base32 characters`,
  )
}

/** The id of the message at a position of a log. */
export function messageId(log: LogId, position: number): MessageId {
  return `${log}-${position}` as MessageId
}

/**
 * Takes a message id apart.
 * @throws ProtocolError ERR_MESSAGE_ID
 */
export function parseMessageId(text: string): { log: LogId; position: number } {
  const position = Number(text.slice(27))
  if (!MESSAGE_ID.test(text) || !Number.isSafeInteger(position)) {
    throw new ProtocolError(
      'ERR_MESSAGE_ID',
      `"${text.slice(0, 64)}" is not a message id: expected <26 base32 characters>-<position>`,
    )
  }
  return { log: text.slice(0, 26) as LogId, position }
}

/** A new run: when it began, and 64 random bits that tell it from every other. */
export function makeRun(startedAtMs: number, random: Uint8Array): Uint8Array<ArrayBuffer> {
  if (random.length < 8) throw new RangeError(`a run needs 8 random bytes, not ${random.length}`)
  const run = new Uint8Array(RUN_BYTES)
  asBuffer(run).writeBigUInt64BE(BigInt(startedAtMs))
  run.set(random.subarray(0, 8), 8)
  return run
}
