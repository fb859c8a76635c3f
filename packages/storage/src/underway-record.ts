import { LOG_ID_BYTES } from '@pastel-mesh/protocol'
import type { Operation } from './database.ts'
import { positionOf, readNumber, undeliveredKey, writeNumber } from './keys.ts'
import { SENDER_BYTES } from './log-state.ts'

/**
 * What is known of the way of a batch to an inbox: `waiting`; `reopened`: it was there, and its recipient, restored from
 * an older copy, has it no more; `rejected` or `lost` there, of own ones until they expire; `none`: nothing is to be done.
 */
export type DeliveryPhase = 'waiting' | 'reopened' | 'rejected' | 'lost' | 'none'

/** A batch that was kept for an inbox, as this remembers it. */
export interface Underway {
  readonly log: Uint8Array
  readonly first: number
  readonly count: number
  /** Position in the arrival order. */
  readonly position: number
  /** When it is not kept any more, in ms since 1970; 0: it is delivered. */
  readonly untilMs: number
  readonly sizeBytes: number
  /** This node wrote it. */
  readonly isOwn: boolean
  readonly sender: Uint8Array
  readonly phase: DeliveryPhase
}

const OWN = 1
/** Behind the bit that says whose it is. */
const PHASES: readonly DeliveryPhase[] = ['waiting', 'reopened', 'rejected', 'lost']
const VALUE_BYTES = 1 + 3 * 8 + 2 + SENDER_BYTES

/** The operation that writes a record. */
export function putUnderway({
  log,
  first,
  count,
  position,
  untilMs,
  sizeBytes,
  isOwn,
  sender,
  phase,
}: Underway): Operation {
  const value = Buffer.allocUnsafe(VALUE_BYTES)
  value[0] = (isOwn ? OWN : 0) + 2 * Math.max(0, PHASES.indexOf(phase))
  writeNumber(value, position, 1)
  writeNumber(value, untilMs, 9)
  writeNumber(value, sizeBytes, 17)
  value.writeUInt16BE(count, 25)
  value.set(sender, 27)
  return { type: 'put', key: undeliveredKey(log, first), value }
}

/** Reads a record. */
export function decodeUnderway(key: Buffer, value: Buffer): Underway {
  return {
    log: key.subarray(1, 1 + LOG_ID_BYTES),
    first: positionOf(key),
    isOwn: ((value[0] as number) & OWN) === OWN,
    phase: PHASES[(value[0] as number) >> 1] ?? 'waiting',
    position: readNumber(value, 1),
    untilMs: readNumber(value, 9),
    sizeBytes: readNumber(value, 17),
    count: value.readUInt16BE(25),
    sender: value.subarray(27, 27 + SENDER_BYTES),
  }
}
