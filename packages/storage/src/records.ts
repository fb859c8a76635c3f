import { HASH_BYTES, LOG_ID_BYTES, type LogId, RUN_BYTES, RUNNING_HASH_BYTES } from '@pastel-mesh/protocol'
import { readNumber, writeNumber } from './keys.ts'

/** One entry of the arrival order, as stored: it takes `count` positions from `position` on. */
export interface ArrivalRecord {
  /** Position of its first message in the arrival order. */
  readonly position: number
  readonly count: number
  /** Running hash of the order after this entry, 8 bytes. */
  readonly runningHash: Uint8Array
  /** When this node took it in, in ms since 1970. */
  readonly receivedAtMs: number
  /** The signed batch itself. */
  readonly envelope: Uint8Array
}

/** What the store knows of a log. */
export interface LogState {
  readonly id: LogId
  readonly bytes: Uint8Array
  readonly sender: Uint8Array
  readonly channel: string
  readonly run: Uint8Array
  /** Position that the log's next message takes. */
  readonly next: number
  /** SHA-256 of the log's last batch. */
  readonly headHash: Uint8Array
  /** Creation time of that batch, in ms since 1970. */
  readonly headCreatedAtMs: number
}

/** Where a batch stands: value of the log position index. */
export interface LogPositionRecord {
  readonly arrival: number
  readonly count: number
  readonly hash: Uint8Array
}

/** Value of the channel and sender indexes. */
export interface IndexRecord {
  readonly log: Uint8Array
  readonly count: number
}

/** Kinds of arrival entries; others (what was lost, for one) can be added beside batches. */
const KIND_BATCH = 1

/** Bytes of an Ed448 public key. */
const SENDER_BYTES = 57

const ARRIVAL_HEADER_BYTES = 1 + 2 + RUNNING_HASH_BYTES + 8

export function encodeArrival(record: Omit<ArrivalRecord, 'position'>): Buffer {
  const value = Buffer.allocUnsafe(ARRIVAL_HEADER_BYTES + record.envelope.length)
  value[0] = KIND_BATCH
  value.writeUInt16BE(record.count, 1)
  value.set(record.runningHash, 3)
  writeNumber(value, record.receivedAtMs, 3 + RUNNING_HASH_BYTES)
  value.set(record.envelope, ARRIVAL_HEADER_BYTES)
  return value
}

export function decodeArrival(position: number, value: Buffer): ArrivalRecord {
  return {
    position,
    count: value.readUInt16BE(1),
    runningHash: value.subarray(3, 3 + RUNNING_HASH_BYTES),
    receivedAtMs: readNumber(value, 3 + RUNNING_HASH_BYTES),
    envelope: value.subarray(ARRIVAL_HEADER_BYTES),
  }
}

export function encodeLogState(state: LogState): Buffer {
  const fixed = Buffer.allocUnsafe(16)
  writeNumber(fixed, state.next, 0)
  writeNumber(fixed, state.headCreatedAtMs, 8)
  return Buffer.concat([fixed, state.headHash, state.run, state.sender, Buffer.from(state.channel)])
}

export function decodeLogState(id: LogId, bytes: Uint8Array, value: Buffer): LogState {
  const runAt = 16 + HASH_BYTES
  const senderAt = runAt + RUN_BYTES
  const channelAt = senderAt + SENDER_BYTES
  return {
    id,
    bytes,
    next: readNumber(value, 0),
    headCreatedAtMs: readNumber(value, 8),
    headHash: value.subarray(16, runAt),
    run: value.subarray(runAt, senderAt),
    sender: value.subarray(senderAt, channelAt),
    channel: value.toString('utf8', channelAt),
  }
}

export function encodeLogPosition(record: LogPositionRecord): Buffer {
  const fixed = Buffer.allocUnsafe(10)
  writeNumber(fixed, record.arrival, 0)
  fixed.writeUInt16BE(record.count, 8)
  return Buffer.concat([fixed, record.hash])
}

export function decodeLogPosition(value: Buffer): LogPositionRecord {
  return { arrival: readNumber(value, 0), count: value.readUInt16BE(8), hash: value.subarray(10) }
}

export function encodeIndex(record: IndexRecord): Buffer {
  const value = Buffer.allocUnsafe(LOG_ID_BYTES + 2)
  value.set(record.log)
  value.writeUInt16BE(record.count, LOG_ID_BYTES)
  return value
}

export function decodeIndex(value: Buffer): IndexRecord {
  return { log: value.subarray(0, LOG_ID_BYTES), count: value.readUInt16BE(LOG_ID_BYTES) }
}
