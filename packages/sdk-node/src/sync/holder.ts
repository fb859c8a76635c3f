import type { Stream } from '@libp2p/interface'
import {
  type Cursor,
  decodeLogId,
  decodeSyncRequest,
  encodeSyncResponse,
  type HeadsRequest,
  type HeadsResponse,
  type LogRange,
  MAX_RANGES_RESPONSE_BATCH_BYTES,
  MAX_SYNC_BATCHES,
  MAX_SYNC_HEADS,
  MAX_SYNC_RANGES,
  MAX_SYNC_REQUEST_BYTES,
  parseChannel,
  type RangesRequest,
  type RangesResponse,
  type SyncResponse,
} from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import { type SyncFrames, syncFrames } from './frames.ts'
import { wantedFrom } from './wanted-from.ts'

/** Bytes of batches in one answer, whatever was asked: the reader asks again. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024

/** Requests that may wait while one is answered: a reader of ours sends the next when it has the answer. */
const REQUEST_LIMITS = {
  maxFrameBytes: MAX_SYNC_REQUEST_BYTES,
  maxBufferBytes: 2 * MAX_SYNC_REQUEST_BYTES,
}

/** So much earlier than asked the history begins: what was created by another clock came in by this one. */
const CLOCK_MARGIN_MS = 10 * 60_000

/** A peer that does not read its answer for that long is cut off. */
const WRITE_TIMEOUT_MS = 30_000

export interface HolderComponents {
  readonly store: MessageStore
  /** The node's own public key. */
  readonly own: Uint8Array
  /** The reader says to the nodes of which senders it is connected. */
  readonly onDirect?: (senders: readonly Uint8Array[]) => void
}

/** Answers a peer's questions about this node's arrival order, one after the other, until it hangs up. */
export async function serveSync(stream: Stream, components: HolderComponents): Promise<void> {
  const frames = syncFrames(stream, REQUEST_LIMITS)
  for (;;) {
    const bytes = await frames.read()
    // Hung up: this end does so as well, or the stream would stay half open and count against the peer.
    if (bytes === undefined) return stream.close({ signal: AbortSignal.timeout(WRITE_TIMEOUT_MS) })
    const request = decodeSyncRequest(bytes)
    if (request.kind === 'heads') await send(frames, await answerHeads(request, components))
    else for await (const answer of answerRanges(request, components.store)) await send(frames, answer)
  }
}

function send(frames: SyncFrames, response: SyncResponse): Promise<void> {
  return frames.write(encodeSyncResponse(response), AbortSignal.timeout(WRITE_TIMEOUT_MS))
}

async function answerHeads(
  { id, from, channels, stored, direct, sinceMs = 0 }: HeadsRequest,
  { store, own, onDirect }: HolderComponents,
): Promise<HeadsResponse> {
  if (direct !== undefined) onDirect?.(direct)
  // What was removed behind a cursor was read before.
  const isOurs = from !== undefined && (await store.checkCursor(from)) !== 'foreign'
  // Inboxes are nobody's business but their owners'.
  const topics = channels.filter((channel) => parseChannel(channel).kind === 'topic')
  if (stored !== undefined) await learnStored(stored, topics, { store, own })
  const position = isOurs ? from.position : await beginning(sinceMs, store)
  const { heads, next, more } = await store.heads(position, topics, MAX_SYNC_HEADS, sinceMs)
  return {
    kind: 'heads',
    id,
    heads,
    more,
    reset: from !== undefined && !isOurs,
    next: await store.cursorAt(next),
    timeMs: Date.now(),
  }
}

/** Where the history begins that a reader wants. */
async function beginning(sinceMs: number, store: MessageStore): Promise<number> {
  return sinceMs === 0 ? 0 : store.positionAt(sinceMs - CLOCK_MARGIN_MS)
}

/** A reader says what it stores. Only channels in which this node wrote are remembered: there are few of them. */
async function learnStored(
  stored: Cursor,
  topics: readonly string[],
  { store, own }: HolderComponents,
): Promise<void> {
  // Below the floor nothing tells whether a place is of this order.
  if ((await store.checkCursor(stored)) !== 'ok') return
  for (const topic of new Set(topics)) {
    if ((await store.ownTip(own, topic)) !== undefined) store.passed(topic, stored.position)
  }
}

async function* answerRanges(request: RangesRequest, store: MessageStore): AsyncGenerator<RangesResponse> {
  const { id, sinceMs = 0 } = request
  const limit = Math.min(request.maxBytes, MAX_ANSWER_BYTES)
  const holes = { denied: [] as LogRange[], pruned: [] as LogRange[] }
  let batches: Uint8Array[] = []
  let frameBytes = 0
  let sentBytes = 0
  ranges: for (const range of request.ranges) {
    let next = await wantedFrom(range, sinceMs, store)
    for await (const { envelope, signed } of store.readLog({ ...range, first: next })) {
      const { batch } = signed
      if (parseChannel(batch.channel).kind !== 'topic') break
      // The first batch always goes, however small a limit was asked for: a reader must come forward.
      if (sentBytes > 0 && sentBytes + envelope.length > limit) break ranges
      if (
        batches.length === MAX_SYNC_BATCHES ||
        frameBytes + envelope.length > MAX_RANGES_RESPONSE_BATCH_BYTES
      ) {
        yield { kind: 'ranges', id, batches, denied: [], pruned: [], done: false }
        batches = []
        frameBytes = 0
      }
      if (batch.first > next)
        await addHole({ log: range.log, first: next, last: batch.first - 1 }, holes, store)
      batches.push(envelope)
      frameBytes += envelope.length
      sentBytes += envelope.length
      next = batch.first + batch.count
    }
    if (next <= range.last) await addHole({ log: range.log, first: next, last: range.last }, holes, store)
  }
  yield { kind: 'ranges', id, batches, ...holes, done: true }
}

/** Says of a range that is not here whether it was. */
async function addHole(
  range: LogRange,
  { denied, pruned }: { denied: LogRange[]; pruned: LogRange[] },
  store: MessageStore,
): Promise<void> {
  const list = (await isPrunedTopic(range, store)) ? pruned : denied
  // More than an answer can name: the reader finds out when it asks for the rest.
  if (list.length < MAX_SYNC_RANGES) list.push(range)
}

async function isPrunedTopic(range: LogRange, store: MessageStore): Promise<boolean> {
  const state = await store.log(range.log, decodeLogId(range.log))
  return state !== undefined && parseChannel(state.channel).kind === 'topic' && store.wasPruned(range)
}
