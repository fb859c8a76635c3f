import {
  type MessageContent,
  readStoredBatch,
  readStoredMessages,
  type SignedBatch,
} from '@pastel-mesh/protocol'
import {
  type ArrivalRecord,
  lateBody,
  type Notice,
  noticeBody,
  readLateBody,
  readNoticeBody,
} from './arrival-record.ts'

interface EntryBase {
  /** Its first position in the arrival order. */
  readonly position: number
  /** Positions that it takes. */
  readonly count: number
  /** Running hash of the order after this entry, 8 bytes. */
  readonly runningHash: Uint8Array
  /** When this node took it in, in ms since 1970; never decreases in the order. */
  readonly receivedAtMs: number
}

/** A batch in the arrival order: the order's positions `position` to `position + count - 1`. */
export interface StoredBatch extends EntryBase {
  readonly kind: 'batch'
  /** The signed batch itself. */
  readonly envelope: Uint8Array
  readonly signed: SignedBatch
  /** It had been given up for lost: the position of the entry that said so. */
  readonly lostAt?: number
  /** Its messages, in order; decoded at the first call. */
  messages(): readonly MessageContent[]
}

/** A range of a log that the order goes on without; it takes one position. */
export interface StoredNotice extends EntryBase, Notice {
  readonly kind: 'lost' | 'before-history'
}

/** An entry of the arrival order. */
export type StoredEntry = StoredBatch | StoredNotice

type Taken = Omit<ArrivalRecord, 'kind' | 'body'>

export function toStoredBatch(
  taken: Taken,
  signed: SignedBatch,
  {
    lostAt,
    messages,
  }: { lostAt?: number | undefined; messages?: readonly MessageContent[] | undefined } = {},
): StoredBatch {
  let decoded = messages
  return {
    kind: 'batch',
    position: taken.position,
    count: taken.count,
    runningHash: taken.runningHash,
    receivedAtMs: taken.receivedAtMs,
    envelope: signed.envelope,
    signed,
    ...(lostAt === undefined ? {} : { lostAt }),
    messages() {
      decoded ??= readStoredMessages(signed.batch)
      return decoded
    },
  }
}

export function toStoredNotice(taken: Taken, notice: Notice): StoredNotice {
  const { position, count, runningHash, receivedAtMs } = taken
  const kind = notice.reason === 'before-history' ? 'before-history' : 'lost'
  return { ...notice, kind, position, count, runningHash, receivedAtMs }
}

/** An entry as it is read from the disk. */
export function toStoredEntry(record: ArrivalRecord): StoredEntry {
  if (record.kind === 'batch') return toStoredBatch(record, readStoredBatch(record.body))
  if (record.kind === 'late') {
    const { lostAt, envelope } = readLateBody(record.body)
    return toStoredBatch(record, readStoredBatch(envelope), { lostAt })
  }
  return toStoredNotice(record, readNoticeBody(record.body))
}

/** An entry as it is written to the disk. */
export function toArrivalRecord(entry: StoredEntry): ArrivalRecord {
  const { position, count, runningHash, receivedAtMs } = entry
  const taken = { position, count, runningHash, receivedAtMs }
  if (entry.kind !== 'batch') return { ...taken, kind: entry.kind, body: noticeBody(entry) }
  const { envelope, lostAt } = entry
  if (lostAt !== undefined) return { ...taken, kind: 'late', body: lateBody(lostAt, envelope) }
  return { ...taken, kind: 'batch', body: Buffer.from(envelope.buffer, envelope.byteOffset, envelope.length) }
}

/** The channel and the sender that an entry is about. */
export function aboutOf(entry: StoredEntry): { channel: string; sender: Uint8Array } {
  return entry.kind === 'batch' ? entry.signed.batch : entry
}

/**
 * Whether a batch is a view of much more memory than its own, of a network frame for one: it would keep all
 * of that for as long as it is kept itself.
 */
export function isViewOfMore({ envelope }: SignedBatch): boolean {
  return envelope.buffer.byteLength > 2 * envelope.length + 1024
}
