import {
  HASH_BYTES,
  LOG_ID_BYTES,
  type LogId,
  logIdPair,
  RUN_BYTES,
  type SignedBatch,
  ZERO_HASH,
} from '@pastel-mesh/protocol'
import { readNumber, writeNumber } from './keys.ts'

/** What makes a log: who wrote it, where, in which run; and the id that follows from it. */
export interface LogNames {
  readonly id: LogId
  /** The 16 bytes of the id. */
  readonly bytes: Uint8Array
  /** 57-byte public key. */
  readonly sender: Uint8Array
  readonly channel: string
  readonly run: Uint8Array
}

/** What the store knows of a log. */
export interface LogState extends LogNames {
  /** Position of the log's next message: everything below is resolved, stored or lost. */
  readonly next: number
  /** Position behind the last message that is stored; below `next`, what is between the two is lost. */
  readonly stored: number
  /** SHA-256 of the last batch that is stored. */
  readonly headHash: Uint8Array
  /** Creation time of that batch, in ms since 1970. */
  readonly headCreatedAtMs: number
  /** Its sender contradicted itself: nothing more of it is taken in. */
  readonly isFrozen: boolean
  /**
   * The run that follows this one, the position of this one's last message as that run names it, and the creation
   * time of its first batch in ms since 1970, which no message of this one is younger than.
   */
  readonly successor?: { readonly log: Uint8Array; readonly head: number; readonly createdAtMs: number }
}

/** Bytes of an Ed448 public key. */
export const SENDER_BYTES = 57

export function logNames(sender: Uint8Array, channel: string, run: Uint8Array): LogNames {
  return { ...logIdPair(sender, channel, run), sender, channel, run }
}

/** The log of a batch. */
export function namesOf({ batch, log, logBytes }: SignedBatch): LogNames {
  const { sender, channel, run } = batch
  return { id: log, bytes: logBytes, sender, channel, run }
}

/** The log that a batch's run follows. */
export function followedBy({ batch }: Pick<SignedBatch, 'batch'>): LogNames | undefined {
  if (batch.follows === undefined) return undefined
  return logNames(batch.sender, batch.channel, batch.follows.run)
}

/**
 * A log of which nothing is stored yet. States outlive batches, so nothing in it is a view of the batch's
 * memory.
 */
export function newLog(names: LogNames): LogState {
  return {
    id: names.id,
    bytes: new Uint8Array(names.bytes),
    sender: new Uint8Array(names.sender),
    channel: names.channel,
    run: new Uint8Array(names.run),
    next: 0,
    stored: 0,
    headHash: ZERO_HASH,
    headCreatedAtMs: 0,
    isFrozen: false,
  }
}

const FROZEN = 1
const FOLLOWED = 2

const HEAD_HASH_AT = 1 + 3 * 8
const RUN_AT = HEAD_HASH_AT + HASH_BYTES
const SENDER_AT = RUN_AT + RUN_BYTES
const SUCCESSOR_AT = SENDER_AT + SENDER_BYTES

export function encodeLogState(state: LogState): Buffer {
  const { successor } = state
  const fixed = Buffer.allocUnsafe(HEAD_HASH_AT)
  fixed[0] = (state.isFrozen ? FROZEN : 0) | (successor === undefined ? 0 : FOLLOWED)
  writeNumber(fixed, state.next, 1)
  writeNumber(fixed, state.stored, 9)
  writeNumber(fixed, state.headCreatedAtMs, 17)
  const parts = [fixed, state.headHash, state.run, state.sender]
  if (successor !== undefined) {
    const numbers = Buffer.allocUnsafe(16)
    writeNumber(numbers, successor.head, 0)
    writeNumber(numbers, successor.createdAtMs, 8)
    parts.push(successor.log, numbers)
  }
  return Buffer.concat([...parts, Buffer.from(state.channel)])
}

export function decodeLogState(id: LogId, bytes: Uint8Array, value: Buffer): LogState {
  const flags = value[0] as number
  const isFollowed = (flags & FOLLOWED) !== 0
  const headAt = SUCCESSOR_AT + LOG_ID_BYTES
  return {
    id,
    bytes,
    next: readNumber(value, 1),
    stored: readNumber(value, 9),
    headCreatedAtMs: readNumber(value, 17),
    headHash: value.subarray(HEAD_HASH_AT, RUN_AT),
    run: value.subarray(RUN_AT, SENDER_AT),
    sender: value.subarray(SENDER_AT, SUCCESSOR_AT),
    isFrozen: (flags & FROZEN) !== 0,
    ...(isFollowed
      ? {
          successor: {
            log: value.subarray(SUCCESSOR_AT, headAt),
            head: readNumber(value, headAt),
            createdAtMs: readNumber(value, headAt + 8),
          },
        }
      : {}),
    channel: value.toString('utf8', isFollowed ? headAt + 16 : SUCCESSOR_AT),
  }
}
