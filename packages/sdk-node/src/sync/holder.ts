import type { Stream } from '@libp2p/interface'
import {
  type Cursor,
  decodeLogId,
  decodeSyncRequest,
  encodeSyncResponse,
  equalBytes,
  type HeadsRequest,
  type HeadsResponse,
  inboxChannel,
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
import { pastelIdOf } from '../pastel-id-of.ts'
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
  /** Public key of the reader's PastelID. */
  readonly asker?: () => Uint8Array | undefined
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
    else for await (const answer of answerRanges(request, components)) await send(frames, answer)
  }
}

function send(frames: SyncFrames, response: SyncResponse): Promise<void> {
  return frames.write(encodeSyncResponse(response), AbortSignal.timeout(WRITE_TIMEOUT_MS))
}

async function answerHeads(
  { id, from, channels, stored, direct, sinceMs = 0 }: HeadsRequest,
  components: HolderComponents,
): Promise<HeadsResponse> {
  const { store, own, onDirect } = components
  if (direct !== undefined) onDirect?.(direct)
  const standing = from === undefined ? 'foreign' : await store.checkCursor(from)
  // What was removed behind a cursor was read before.
  const isOurs = from !== undefined && standing !== 'foreign'
  const isShown = shownTo(components)
  const key = components.asker?.()
  // Of this node's own inbox a reader is shown what it wrote itself.
  const shown = channels.filter((channel) => isShown(channel) || isOwnInbox(channel, own))
  const topics = shown.filter((channel) => parseChannel(channel).kind === 'topic')
  if (stored !== undefined) await learnStored({ stored, isReadOn: standing === 'ok' }, topics, { store, own })
  const position = isOurs ? from.position : await beginning(sinceMs, store)
  const page = await store.heads(position, shown, MAX_SYNC_HEADS, sinceMs)
  const { next, more } = page
  const heads = page.heads.filter(
    ({ channel, sender }) => isShown(channel) || (key !== undefined && equalBytes(sender, key)),
  )
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

/**
 * Which channels a reader is shown: topics, and its own inbox. Of an inbox its sender, too, is given what it wrote, by
 * ranges of its logs, which it has to name.
 */
function shownTo({ asker }: HolderComponents): (channel: string, sender?: Uint8Array) => boolean {
  const key = asker?.()
  const inbox = key === undefined ? undefined : inboxChannel(pastelIdOf(key))
  return (channel, sender) =>
    channel === inbox ||
    channel.startsWith('topic/') ||
    (sender !== undefined && key !== undefined && equalBytes(sender, key))
}

function isOwnInbox(channel: string, own: Uint8Array): boolean {
  return channel === inboxChannel(pastelIdOf(own))
}

/** Where the history begins that a reader wants. */
async function beginning(sinceMs: number, store: MessageStore): Promise<number> {
  return sinceMs === 0 ? 0 : store.positionAt(sinceMs - CLOCK_MARGIN_MS)
}

/**
 * A reader says what it stores. Only channels in which this node wrote are remembered: there are few of them.
 * @param isReadOn whether it has read on in this order, to a place above the floor
 */
async function learnStored(
  { stored, isReadOn }: { readonly stored: Cursor; readonly isReadOn: boolean },
  topics: readonly string[],
  { store, own }: HolderComponents,
): Promise<void> {
  const standing = await store.checkCursor(stored)
  // Of a place below the floor nothing is left to compare: only the one that was read on to tells that it is of this order.
  if (standing === 'foreign' || (standing === 'pruned' && !isReadOn)) return
  for (const topic of new Set(topics)) {
    if ((await store.ownTip(own, topic)) !== undefined) store.passed(topic, stored.position)
  }
}

async function* answerRanges(
  request: RangesRequest,
  components: HolderComponents,
): AsyncGenerator<RangesResponse> {
  const { id, sinceMs = 0 } = request
  const { store } = components
  const isShown = shownTo(components)
  const limit = Math.min(request.maxBytes, MAX_ANSWER_BYTES)
  const holes = { denied: [] as LogRange[], pruned: [] as LogRange[] }
  let batches: Uint8Array[] = []
  let frameBytes = 0
  let sentBytes = 0
  ranges: for (const range of request.ranges) {
    // Before anything is looked up, or the answer would tell where the log of another's inbox stands.
    const state = await store.log(range.log, decodeLogId(range.log))
    if (state !== undefined && !isShown(state.channel, state.sender)) {
      if (holes.denied.length < MAX_SYNC_RANGES) holes.denied.push(range)
      continue
    }
    let next = await wantedFrom(range, sinceMs, store)
    for await (const { envelope, signed } of store.readLog({ ...range, first: next })) {
      const { batch } = signed
      if (!isShown(batch.channel, batch.sender)) break
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
        await addHole({ log: range.log, first: next, last: batch.first - 1 }, holes, components)
      batches.push(envelope)
      frameBytes += envelope.length
      sentBytes += envelope.length
      next = batch.first + batch.count
    }
    if (next <= range.last)
      await addHole({ log: range.log, first: next, last: range.last }, holes, components)
  }
  yield { kind: 'ranges', id, batches, ...holes, done: true }
}

/** Says of a range that is not here whether it was. */
async function addHole(
  range: LogRange,
  { denied, pruned }: { denied: LogRange[]; pruned: LogRange[] },
  components: HolderComponents,
): Promise<void> {
  const list = (await isPruned(range, components)) ? pruned : denied
  // More than an answer can name: the reader finds out when it asks for the rest.
  if (list.length < MAX_SYNC_RANGES) list.push(range)
}

async function isPruned(range: LogRange, components: HolderComponents): Promise<boolean> {
  const { store } = components
  const state = await store.log(range.log, decodeLogId(range.log))
  return (
    state !== undefined && shownTo(components)(state.channel, state.sender) && (await store.wasPruned(range))
  )
}
