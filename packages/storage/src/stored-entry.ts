import {
  equalBytes,
  type MessageContent,
  readStoredBatch,
  readStoredMessages,
  type SignedBatch,
} from '@pastel-mesh/protocol'
import {
  type ArrivalRecord,
  batchRecord,
  type Notice,
  noticeBody,
  readBatchRecord,
  readNoticeBody,
} from './arrival-record.ts'
import { isSealed, unreadable } from './sealed.ts'

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
  /** Of a sealed batch that this node wrote or was sent, what opens it: 64 bytes. */
  readonly secret?: Uint8Array
  /** Whether {@link messages} gives anything: not if it is sealed, and the secret is not here. */
  readonly isReadable: boolean
  /**
   * Its messages, in order; decoded at the first call.
   * @throws StorageError ERR_SEALED: only the recipient can read it
   */
  messages(): readonly MessageContent[]
}

/** A range of a log that the order goes on without; it takes one position. */
export interface StoredNotice extends EntryBase, Notice {
  readonly kind: 'lost' | 'before-history'
}

/** An entry of the arrival order. */
export type StoredEntry = StoredBatch | StoredNotice

type Taken = Omit<ArrivalRecord, 'kind' | 'body'>

/** What an entry of a batch has beside the batch and its place. */
export interface BatchExtras {
  readonly lostAt?: number | undefined
  readonly secret?: Uint8Array | undefined
  /** If they are decoded already. */
  readonly messages?: readonly MessageContent[] | undefined
}

export function toStoredBatch(
  taken: Taken,
  signed: SignedBatch,
  { lostAt, secret, messages }: BatchExtras = {},
): StoredBatch {
  let decoded = messages
  const isReadable = decoded !== undefined || secret !== undefined || !isSealed(signed.batch)
  return {
    kind: 'batch',
    position: taken.position,
    count: taken.count,
    runningHash: taken.runningHash,
    receivedAtMs: taken.receivedAtMs,
    envelope: signed.envelope,
    signed,
    ...(lostAt === undefined ? {} : { lostAt }),
    ...(secret === undefined ? {} : { secret }),
    isReadable,
    messages() {
      if (!isReadable) throw unreadable(signed)
      decoded ??= readStoredMessages(signed.batch, secret)
      return decoded
    },
  }
}

export function toStoredNotice(taken: Taken, notice: Notice): StoredNotice {
  const { position, count, runningHash, receivedAtMs } = taken
  const kind = notice.reason === 'before-history' ? 'before-history' : 'lost'
  return { ...notice, kind, position, count, runningHash, receivedAtMs }
}

/** An entry as it is read from the disk; undefined: what was there is removed. */
export function toStoredEntry(record: ArrivalRecord): StoredEntry | undefined {
  if (record.kind === 'removed') return undefined
  const parts = readBatchRecord(record)
  if (parts === undefined) return toStoredNotice(record, readNoticeBody(record.body))
  return toStoredBatch(record, readStoredBatch(parts.envelope), parts)
}

/** An entry as it is written to the disk. */
export function toArrivalRecord(entry: StoredEntry): ArrivalRecord {
  const { position, count, runningHash, receivedAtMs } = entry
  const taken = { position, count, runningHash, receivedAtMs }
  if (entry.kind !== 'batch') return { ...taken, kind: entry.kind, body: noticeBody(entry) }
  return { ...taken, ...batchRecord(entry) }
}

/** The channel and the sender that an entry is about. */
export function aboutOf(entry: StoredEntry): { channel: string; sender: Uint8Array } {
  return entry.kind === 'batch' ? entry.signed.batch : entry
}

/** Whether an entry is about a channel and a sender, as far as they are given. */
export function isAbout(
  entry: StoredEntry,
  channel: string | undefined,
  sender: Uint8Array | undefined,
): boolean {
  const about = aboutOf(entry)
  return (
    (channel === undefined || about.channel === channel) &&
    (sender === undefined || equalBytes(about.sender, sender))
  )
}

/**
 * Whether a batch is a view of much more memory than its own, of a network frame for one: it would keep all
 * of that for as long as it is kept itself.
 */
export function isViewOfMore({ envelope }: SignedBatch): boolean {
  return envelope.buffer.byteLength > 2 * envelope.length + 1024
}
