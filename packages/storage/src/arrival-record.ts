import {
  decodeLogId,
  encodeLogId,
  LOG_ID_BYTES,
  type LogId,
  RUNNING_HASH_BYTES,
  SECRET_BYTES,
  sha256,
} from '@pastel-mesh/protocol'
import { readNumber, writeNumber } from './keys.ts'
import { SENDER_BYTES } from './log-state.ts'

/** What an entry of the arrival order is; a sealed batch, or a late one, with the secret that opens it in front. */
export type EntryKind =
  | 'batch'
  | 'late'
  | 'lost'
  | 'before-history'
  | 'sealed'
  | 'late-sealed'
  /** A batch was here, and is gone before its time: its place and the running hash stay, for the sake of cursors. */
  | 'removed'

/** Why a range of a log is not here. */
export type LostReason =
  /** Every holder that could be reached said that it does not have it. */
  | 'denied'
  /** Its sender said that it does not have it any more. */
  | 'pruned'
  /** Its log is frozen: the sender contradicted itself. */
  | 'frozen'
  /** It is older than the history that this node wants. */
  | 'before-history'

/** One entry of the arrival order, as stored: it takes `count` positions from `position` on. */
export interface ArrivalRecord {
  readonly kind: EntryKind
  /** Its first position in the arrival order. */
  readonly position: number
  readonly count: number
  /** Running hash of the order after this entry, 8 bytes. */
  readonly runningHash: Uint8Array
  /** When this node took it in, in ms since 1970; never decreases in the order. */
  readonly receivedAtMs: number
  /** Bytes of its kind. */
  readonly body: Buffer
}

/** A range of a log that the order goes on without. */
export interface Notice {
  readonly log: LogId
  /** 57-byte public key. */
  readonly sender: Uint8Array
  readonly channel: string
  readonly first: number
  readonly last: number
  readonly reason: LostReason
}

const KINDS: readonly (EntryKind | undefined)[] = [
  undefined,
  'batch',
  'late',
  'lost',
  'before-history',
  'sealed',
  'late-sealed',
  'removed',
]
const REASONS: readonly (LostReason | undefined)[] = [
  undefined,
  'denied',
  'pruned',
  'frozen',
  'before-history',
]

const RUNNING_HASH_AT = 1 + 2
const RECEIVED_AT = RUNNING_HASH_AT + RUNNING_HASH_BYTES
const BODY_AT = RECEIVED_AT + 8

export function encodeArrival(record: Omit<ArrivalRecord, 'position'>): Buffer {
  const value = Buffer.allocUnsafe(BODY_AT + record.body.length)
  value[0] = KINDS.indexOf(record.kind)
  value.writeUInt16BE(record.count, 1)
  value.set(record.runningHash, RUNNING_HASH_AT)
  writeNumber(value, record.receivedAtMs, RECEIVED_AT)
  value.set(record.body, BODY_AT)
  return value
}

export function decodeArrival(position: number, value: Buffer): ArrivalRecord {
  const kind = KINDS[value[0] as number]
  if (kind === undefined) throw new Error(`the arrival order has an entry of unknown kind ${value[0]}`)
  return {
    kind,
    position,
    count: countOfArrival(value),
    runningHash: value.subarray(RUNNING_HASH_AT, RECEIVED_AT),
    receivedAtMs: readNumber(value, RECEIVED_AT),
    body: value.subarray(BODY_AT),
  }
}

/** Bytes of an entry as it is stored. */
export function sizeOfArrival({ body }: Pick<ArrivalRecord, 'body'>): number {
  return BODY_AT + body.length
}

/** Positions that an entry takes, without decoding the rest. */
export function countOfArrival(value: Buffer): number {
  return value.readUInt16BE(1)
}

/** What is stored of a batch beside its place. */
export interface BatchParts {
  /** The signed batch. */
  readonly envelope: Uint8Array
  /** Of a late batch: the position of the entry that said it was lost. */
  readonly lostAt?: number | undefined
  /** Of a sealed batch that can be read: what opens it. */
  readonly secret?: Uint8Array | undefined
}

/** Kind and body of a batch: what it has of a position and a secret, and the signed batch. */
export function batchRecord({ envelope, lostAt, secret }: BatchParts): Pick<ArrivalRecord, 'kind' | 'body'> {
  const signed = Buffer.from(envelope.buffer, envelope.byteOffset, envelope.length)
  if (lostAt === undefined) {
    if (secret === undefined) return { kind: 'batch', body: signed }
    return { kind: 'sealed', body: Buffer.concat([secret, signed]) }
  }
  const position = Buffer.allocUnsafe(8)
  writeNumber(position, lostAt, 0)
  if (secret === undefined) return { kind: 'late', body: Buffer.concat([position, signed]) }
  return { kind: 'late-sealed', body: Buffer.concat([position, secret, signed]) }
}

/** What {@link batchRecord} put together; undefined: it is no batch. */
export function readBatchRecord({
  kind,
  body,
}: Pick<ArrivalRecord, 'kind' | 'body'>): BatchParts | undefined {
  switch (kind) {
    case 'batch':
      return { envelope: body }
    case 'sealed':
      return { envelope: body.subarray(SECRET_BYTES), secret: body.subarray(0, SECRET_BYTES) }
    case 'late':
      return { envelope: body.subarray(8), lostAt: readNumber(body, 0) }
    case 'late-sealed': {
      const envelopeAt = 8 + SECRET_BYTES
      return {
        envelope: body.subarray(envelopeAt),
        lostAt: readNumber(body, 0),
        secret: body.subarray(8, envelopeAt),
      }
    }
    default:
      return undefined
  }
}

/** Body of an entry for a range that is not here. */
export function noticeBody({ log, sender, channel, first, last, reason }: Notice): Buffer {
  const fixed = Buffer.allocUnsafe(1 + 16)
  fixed[0] = REASONS.indexOf(reason)
  writeNumber(fixed, first, 1)
  writeNumber(fixed, last, 9)
  return Buffer.concat([fixed, decodeLogId(log), sender, Buffer.from(channel)])
}

export function readNoticeBody(body: Buffer): Notice {
  const senderAt = 1 + 16 + LOG_ID_BYTES
  const reason = REASONS[body[0] as number]
  if (reason === undefined) throw new Error(`an entry has the unknown reason ${body[0]}`)
  return {
    reason,
    first: readNumber(body, 1),
    last: readNumber(body, 9),
    log: encodeLogId(body.subarray(17, senderAt)),
    sender: body.subarray(senderAt, senderAt + SENDER_BYTES),
    channel: body.toString('utf8', senderAt + SENDER_BYTES),
  }
}

/** What stands for a range that is not here in the running hash, where a batch has its own hash. */
export function noticeHash(notice: Notice): Uint8Array {
  return sha256(noticeBody(notice))
}
