import { LOG_ID_BYTES } from '@pastel-mesh/protocol'
import { readNumber, writeNumber } from './keys.ts'

/** Where a batch stands: value of the log position index. */
export interface LogPositionRecord {
  readonly arrival: number
  readonly count: number
  readonly hash: Uint8Array
}

/** Value of the channel and sender indexes. */
export interface IndexRecord {
  readonly log: Uint8Array
  /** Positions of the arrival order that the entry takes. */
  readonly count: number
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

/** Value of the type indexes: the positions of the arrival order that the batch takes. */
export function encodeCount(count: number): Buffer {
  const value = Buffer.allocUnsafe(2)
  value.writeUInt16BE(count)
  return value
}

export function decodeCount(value: Buffer): number {
  return value.readUInt16BE(0)
}
