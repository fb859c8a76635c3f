import {
  type CursorFrame,
  type LogRange as WireRange,
  SyncRequest as WireRequest,
  SyncResponse as WireResponse,
} from '../generated/sync.js'
import { plain } from './bytes.ts'
import { decodeCanonical } from './canonical.ts'
import { ProtocolError } from './errors.ts'
import { HASH_BYTES } from './hash.ts'
import {
  MAX_ENVELOPE_BYTES,
  MAX_NUMBER,
  MAX_SYNC_BATCHES,
  MAX_SYNC_CHANNELS,
  MAX_SYNC_DIRECT,
  MAX_SYNC_HEADS,
  MAX_SYNC_RANGES,
  MAX_SYNC_REQUEST_BYTES,
  MAX_SYNC_RESPONSE_BYTES,
  MAX_TIME_MS,
} from './limits.ts'
import { decodeLogId, encodeLogId, LOG_ID_BYTES, type LogId, RUN_BYTES } from './log-id.ts'
import { isReasonCode, parseChannel } from './names.ts'

/** Bytes of a store id and of a running hash. */
export const STORE_ID_BYTES = 16
export const RUNNING_HASH_BYTES = 8
/** Bytes of a sender's public key that stand for it where a reader says to whom it is connected. */
export const DIRECT_SENDER_BYTES = 8

/** A place in one store's arrival order: everything below `position` has been read. */
export interface Cursor {
  /** 16 random bytes. */
  readonly store: Uint8Array
  readonly position: number
  /** Running hash of the order up to `position`, 8 bytes; empty at position 0. */
  readonly hash: Uint8Array
}

/** Positions from `first` to `last` of a log, both included. */
export interface LogRange {
  readonly log: LogId
  readonly first: number
  readonly last: number
}

/** The end of a log as its holder has it: a hint, no proof. */
export interface Head {
  readonly sender: Uint8Array
  readonly channel: string
  readonly run: Uint8Array
  readonly position: number
  readonly hash: Uint8Array
}

export interface HeadsRequest {
  readonly kind: 'heads'
  readonly id: number
  /** Absent: from the beginning. */
  readonly from?: Cursor
  readonly channels: readonly string[]
  /**
   * What the holder itself wrote to these channels and announced below this cursor is stored at the reader, or
   * is not wanted there. Absent: nothing is said.
   */
  readonly stored?: Cursor
  /**
   * The senders to whose nodes the reader is connected, by the first 8 bytes of their public keys: what these flood
   * it has from themselves. Replaces what it said before. @default none
   */
  readonly direct?: readonly Uint8Array[]
  /**
   * In ms since 1970: the heads of logs that ended earlier are left out, and without a cursor of the holder's order
   * the answer begins with what came in then. @default everything
   */
  readonly sinceMs?: number
}

export interface RangesRequest {
  readonly kind: 'ranges'
  readonly id: number
  readonly ranges: readonly LogRange[]
  /** The holder stops after this many bytes of batches. */
  readonly maxBytes: number
  /**
   * In ms since 1970: of ranges that begin at 0, for the reader has nothing of those logs, batches that were made
   * earlier are left out; the last of them comes, so that the reader sees that what is before is not wanted.
   * @default everything
   */
  readonly sinceMs?: number
}

export type SyncRequest = HeadsRequest | RangesRequest

export interface HeadsResponse {
  readonly kind: 'heads'
  readonly id: number
  /** Where the reader continues. */
  readonly next: Cursor
  readonly more: boolean
  /** The reader's cursor was not of this order; the answer starts at the beginning. */
  readonly reset: boolean
  readonly heads: readonly Head[]
  /** The holder's clock when it answered, in ms since 1970; absent: not said. */
  readonly timeMs?: number
}

export interface RangesResponse {
  readonly kind: 'ranges'
  readonly id: number
  /** Envelopes, each log's in order. */
  readonly batches: readonly Uint8Array[]
  /** What the holder never had. */
  readonly denied: readonly LogRange[]
  /** What the holder had and has removed. */
  readonly pruned: readonly LogRange[]
  /** False: another response to the same request follows. */
  readonly done: boolean
}

export interface SyncRefusal {
  readonly kind: 'error'
  readonly id: number
  /** A reason code such as "bad-request". */
  readonly error: string
}

export type SyncResponse = HeadsResponse | RangesResponse | SyncRefusal

export function encodeSyncRequest(request: SyncRequest): Uint8Array {
  if (request.kind === 'heads') {
    return WireRequest.encode({
      id: request.id,
      heads: {
        ...(request.from === undefined ? {} : { from: toFrame(request.from) }),
        channels: [...request.channels],
        ...(request.stored === undefined ? {} : { stored: toFrame(request.stored) }),
        direct: (request.direct ?? []).map(plain),
        since: request.sinceMs ?? 0,
      },
    })
  }
  return WireRequest.encode({
    id: request.id,
    ranges: {
      ranges: request.ranges.map(toWireRange),
      maxBytes: request.maxBytes,
      since: request.sinceMs ?? 0,
    },
  })
}

/** @throws ProtocolError ERR_SYNC_SIZE, ERR_MALFORMED, ERR_NOT_CANONICAL, ERR_SYNC_FIELD, ERR_CHANNEL_NAME */
export function decodeSyncRequest(bytes: Uint8Array): SyncRequest {
  assertSize(bytes, MAX_SYNC_REQUEST_BYTES, 'request')
  const wire = decodeCanonical(WireRequest, bytes, 'sync request', {
    heads: { channels: MAX_SYNC_CHANNELS, direct: MAX_SYNC_DIRECT },
    ranges: { ranges: MAX_SYNC_RANGES },
  })
  if (wire.heads !== undefined && wire.ranges === undefined) {
    const { from, channels, stored, direct, since } = wire.heads
    for (const channel of channels) parseChannel(channel)
    if (!direct.every(({ length }) => length === DIRECT_SENDER_BYTES)) {
      throw new ProtocolError('ERR_SYNC_FIELD', 'what stands for a sender has another length')
    }
    return {
      kind: 'heads',
      id: wire.id,
      channels,
      ...(from === undefined ? {} : { from: fromFrame(from) }),
      ...(stored === undefined ? {} : { stored: fromFrame(stored) }),
      ...(direct.length === 0 ? {} : { direct }),
      ...fromSince(since),
    }
  }
  if (wire.ranges !== undefined && wire.heads === undefined) {
    return {
      kind: 'ranges',
      id: wire.id,
      ranges: wire.ranges.ranges.map(fromWireRange),
      maxBytes: wire.ranges.maxBytes,
      ...fromSince(wire.ranges.since),
    }
  }
  throw new ProtocolError('ERR_SYNC_FIELD', 'a sync request asks for heads or for ranges')
}

export function encodeSyncResponse(response: SyncResponse): Uint8Array {
  if (response.kind === 'error') return WireResponse.encode({ id: response.id, error: response.error })
  if (response.kind === 'heads') {
    const { id, next, more, reset } = response
    const heads = response.heads.map((head) => ({
      sender: plain(head.sender),
      channel: head.channel,
      run: plain(head.run),
      position: head.position,
      hash: plain(head.hash),
    }))
    const time = response.timeMs ?? 0
    return WireResponse.encode({ id, error: '', heads: { next: toFrame(next), more, reset, heads, time } })
  }
  const { id, batches, denied, pruned, done } = response
  return WireResponse.encode({
    id,
    error: '',
    ranges: {
      batches: batches.map(plain),
      denied: denied.map(toWireRange),
      done,
      pruned: pruned.map(toWireRange),
    },
  })
}

/** @throws ProtocolError ERR_SYNC_SIZE, ERR_MALFORMED, ERR_NOT_CANONICAL, ERR_SYNC_FIELD, ERR_CHANNEL_NAME */
export function decodeSyncResponse(bytes: Uint8Array): SyncResponse {
  assertSize(bytes, MAX_SYNC_RESPONSE_BYTES, 'response')
  const wire = decodeCanonical(WireResponse, bytes, 'sync response', {
    heads: { heads: MAX_SYNC_HEADS },
    ranges: { batches: MAX_SYNC_BATCHES, denied: MAX_SYNC_RANGES, pruned: MAX_SYNC_RANGES },
  })
  if (wire.error !== '' && wire.heads === undefined && wire.ranges === undefined) {
    if (!isReasonCode(wire.error)) throw new ProtocolError('ERR_SYNC_FIELD', 'an error is no reason code')
    return { kind: 'error', id: wire.id, error: wire.error }
  }
  if (wire.heads?.next !== undefined && wire.ranges === undefined && wire.error === '') {
    const { next, more, reset, heads, time } = wire.heads
    for (const head of heads) assertHead(head)
    if (time > MAX_TIME_MS) throw new ProtocolError('ERR_SYNC_FIELD', 'the time of an answer is out of range')
    const timeMs = time === 0 ? {} : { timeMs: time }
    return { kind: 'heads', id: wire.id, next: fromFrame(next), more, reset, heads, ...timeMs }
  }
  if (wire.ranges !== undefined && wire.heads === undefined && wire.error === '') {
    const { batches, denied, pruned, done } = wire.ranges
    return {
      kind: 'ranges',
      id: wire.id,
      batches,
      denied: denied.map(fromWireRange),
      pruned: pruned.map(fromWireRange),
      done,
    }
  }
  throw new ProtocolError('ERR_SYNC_FIELD', 'a sync response carries heads, ranges or an error')
}

/** The largest frame of a ranges response may carry one batch of the largest size beside its other fields. */
export const MAX_RANGES_RESPONSE_BATCH_BYTES = MAX_SYNC_RESPONSE_BYTES - 64 * 1024
if (MAX_RANGES_RESPONSE_BATCH_BYTES < MAX_ENVELOPE_BYTES)
  throw new Error('a sync response cannot carry a batch')

function assertSize(bytes: Uint8Array, limit: number, what: string): void {
  if (bytes.length > limit) {
    throw new ProtocolError(
      'ERR_SYNC_SIZE',
      `a sync ${what} of ${bytes.length} bytes is larger than ${limit}`,
    )
  }
}

function fromSince(since: number): { sinceMs?: number } {
  if (since > MAX_TIME_MS) throw new ProtocolError('ERR_SYNC_FIELD', 'the time in a request is out of range')
  return since === 0 ? {} : { sinceMs: since }
}

function assertHead(head: Head): void {
  parseChannel(head.channel)
  if (head.sender.length !== 57 || head.run.length !== RUN_BYTES || head.hash.length !== HASH_BYTES) {
    throw new ProtocolError('ERR_SYNC_FIELD', 'a head has a sender, run or hash of the wrong length')
  }
}

function toFrame(cursor: Cursor): CursorFrame {
  return { store: plain(cursor.store), position: cursor.position, hash: plain(cursor.hash) }
}

function fromFrame(frame: CursorFrame): Cursor {
  const { store, position, hash } = frame
  const hashBytes = position === 0 ? 0 : RUNNING_HASH_BYTES
  if (store.length !== STORE_ID_BYTES || hash.length !== hashBytes || position > MAX_NUMBER) {
    throw new ProtocolError('ERR_SYNC_FIELD', 'a cursor has a store, position or hash out of range')
  }
  return { store, position, hash }
}

function toWireRange(range: LogRange): WireRange {
  return { log: plain(decodeLogId(range.log)), first: range.first, last: range.last }
}

function fromWireRange(range: WireRange): LogRange {
  if (range.log.length !== LOG_ID_BYTES || range.first > range.last || range.last > MAX_NUMBER) {
    throw new ProtocolError('ERR_SYNC_FIELD', 'a range has a log or positions out of range')
  }
  return { log: encodeLogId(range.log), first: range.first, last: range.last }
}
