import { setTimeout as delay } from 'node:timers/promises'
import {
  asBuffer,
  decodeLogId,
  equalBytes,
  type HeadsResponse,
  type LogId,
  type LogRange,
  logId,
  MAX_SYNC_CHANNELS,
  MAX_SYNC_RANGES,
  type SignedBatch,
} from '@pastel-mesh/protocol'
import { type MessageStore, StorageError } from '@pastel-mesh/storage'
import type { SyncCounters } from '../counters.ts'
import type { Verdict } from '../inbound/pipeline.ts'
import type { RangeClaims } from './range-claims.ts'
import { protocolError, SyncRequester, type SyncRequesterComponents } from './requester.ts'
import type { ChannelRange, SyncPlace } from './sync-place.ts'

/** What the inbound pipeline has to know of a batch that a reader hands to it. */
export interface SyncDelivery {
  readonly isAsked: (signed: SignedBatch) => boolean
  readonly signal: AbortSignal
}

export interface SyncReaderComponents extends SyncRequesterComponents {
  readonly store: MessageStore
  readonly counters: SyncCounters
  readonly place: SyncPlace
  readonly claims: RangeClaims
  readonly receive: (envelope: Uint8Array, delivery: SyncDelivery) => Promise<Verdict>
  /** The PastelID of the holder, as its public key; while it is not known, anything may be its own. */
  readonly sender?: () => Uint8Array | undefined
  /** The senders to whose nodes this node is connected, for the holder to know. @default says nothing */
  readonly direct?: () => readonly Uint8Array[]
  /** How far back the history is wanted, in ms since 1970; 0: all of it. @default all of it */
  readonly sinceMs?: () => number
  /** Told what the peer does not have, or not any more. */
  readonly onDenied: (denied: readonly LogRange[], pruned: readonly LogRange[]) => Promise<void>
}

/** Pages of heads in one pass; what is left is for the next, so that a peer's pages without end end. */
const MAX_PAGES = 256

/** Pages of them in which nothing is: the holder looked at what ended before the time since when it is wanted. */
const MAX_EMPTY_PAGES = 32

/** Logs of a peer's heads that are remembered until somebody asks which they were. */
const MAX_ANNOUNCED = 4096

/** How often a reader looks whether another has brought what both found missing. */
const CLAIM_POLL_MS = 100

/** Reads one peer's arrival order from where it last stood in it: heads first, then the ranges that are missing. */
export class SyncReader {
  readonly #store: MessageStore
  readonly #counters: SyncCounters
  readonly #place: SyncPlace
  readonly #claims: RangeClaims
  readonly #receive: SyncReaderComponents['receive']
  readonly #onDenied: SyncReaderComponents['onDenied']
  readonly #sender: () => Uint8Array | undefined
  readonly #direct: () => readonly Uint8Array[]
  readonly #sinceMs: () => number
  readonly #requester: SyncRequester
  readonly #announced = new Set<LogId>()
  #stored = 0

  constructor(components: SyncReaderComponents) {
    this.#store = components.store
    this.#counters = components.counters
    this.#place = components.place
    this.#claims = components.claims
    this.#receive = components.receive
    this.#onDenied = components.onDenied
    this.#sender = components.sender ?? (() => undefined)
    this.#direct = components.direct ?? (() => [])
    this.#sinceMs = components.sinceMs ?? (() => 0)
    this.#requester = new SyncRequester(components)
  }

  /** Aborted when the reader is closed. */
  get signal(): AbortSignal {
    return this.#requester.signal
  }

  /**
   * Fetches what the peer has of some channels and this node has not.
   * @returns whether anything came
   */
  async pass(channels: readonly string[]): Promise<boolean> {
    const groups = inGroups([...channels].sort(), MAX_SYNC_CHANNELS)
    const before = this.#stored
    this.#place.keep(groups)
    const due = this.#place.due(performance.now())
    // Apart, for one question has one time since when.
    for (const isOfInbox of [true, false]) {
      await this.#fetch(due.filter(({ channel }) => isInbox(channel) === isOfInbox))
    }
    // Once in a pass it says to whom this node is connected.
    for (const [i, group] of groups.entries()) await this.#read(group, i === 0 ? this.#direct() : [])
    return this.#stored > before
  }

  /** Fetches ranges that the peer did not announce: what held batches wait for. */
  async fetchMissing(ranges: readonly ChannelRange[]): Promise<void> {
    await this.#fetch(ranges)
  }

  /**
   * Asks once for ranges that were given up, as many as one request names.
   * @returns the logs of which it is worth asking for the rest: something of them was stored, or of others, so
   * that there was no room for them in the answer
   */
  async fetchLost(ranges: readonly LogRange[]): Promise<Set<LogId>> {
    const { came, denied, stored } = await this.#ask(ranges.slice(0, MAX_SYNC_RANGES))
    const again = new Set(stored)
    if (stored.size === 0) return again
    for (const { log } of ranges) if (!came.has(log) && !denied.has(log)) again.add(log)
    return again
  }

  /** The logs in which the peer has said that there is something new, since this was asked last. */
  takeAnnounced(): Set<LogId> {
    const announced = new Set(this.#announced)
    this.#announced.clear()
    return announced
  }

  close(): void {
    this.#requester.close()
  }

  /** After a failure the stream is in an unknown state: the next pass opens another. */
  reset(): void {
    this.#requester.drop()
  }

  async #read(channels: readonly string[], direct: readonly Uint8Array[]): Promise<void> {
    const { generation } = this.#place
    const wantedSinceMs = channels.some(isInbox) ? 0 : this.#sinceMs()
    const { cursor, sinceMs } = this.#place.checkpoint(channels, wantedSinceMs) ?? { sinceMs: wantedSinceMs }
    let from = cursor
    let isComplete = true
    let emptyPages = 0
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const answer = await this.#requester.heads(channels, from, {
        stored: this.#place.stored(channels),
        direct: page === 0 ? direct : [],
        ...(sinceMs === 0 ? {} : { sinceMs }),
      })
      if (answer.reset) this.#place.begunAnew(channels)
      if (answer.more && answer.heads.length === 0) emptyPages += 1
      if (emptyPages > MAX_EMPTY_PAGES) throw protocolError('heads of nothing, without end')
      isComplete = (await this.#fetch(await this.#missing(answer, sinceMs))) && isComplete
      if (generation !== this.#place.generation) return
      if (isComplete) this.#place.advance(channels, { cursor: answer.next, sinceMs })
      if (!answer.more) return
      from = answer.next
    }
  }

  /** What the heads announce beyond what is stored here, in their order. */
  async #missing({ heads }: HeadsResponse, sinceMs: number): Promise<ChannelRange[]> {
    const missing = new Map<LogId, ChannelRange>()
    this.#counters.heads += heads.length
    for (const { sender, channel, run, position: last } of heads) {
      const log = logId(sender, channel, run)
      if (this.#announced.size < MAX_ANNOUNCED) this.#announced.add(log)
      const isHolders = this.#isHolders(sender)
      const announced = { log, channel, sender, sinceMs, first: 0, last, ...(isHolders ? { isHolders } : {}) }
      const range = await this.#hole(announced)
      if (range.first <= range.last && !this.#place.isWaiting(range, performance.now()))
        // A view of the answer would keep all of it in memory.
        missing.set(log, { ...range, sender: new Uint8Array(sender) })
    }
    return [...missing.values()]
  }

  #isHolders(sender: Uint8Array): boolean {
    const holder = this.#sender()
    return holder === undefined || equalBytes(holder, sender)
  }

  /**
   * Fetches ranges until each is here, or did not come and is remembered for later. Every question settles at
   * least one of them or brings it forward, so this ends.
   * @returns false if there was no room to remember all that did not come
   */
  async #fetch(ranges: readonly ChannelRange[]): Promise<boolean> {
    let isComplete = true
    let queue = ranges
    try {
      while (queue.length > 0) {
        const { claimed, rest } = this.#claim(queue)
        if (claimed.length === 0) await delay(CLAIM_POLL_MS, undefined, { signal: this.signal })
        // Whoever had them may have brought them meanwhile.
        const asked = (await this.#look(claimed)).left
        queue = rest
        if (asked.length > 0) {
          const { came, denied } = await this.#ask(asked)
          const { left, moved } = await this.#look(asked)
          const isFruitful = came.size + denied.size > 0 || left.length < asked.length
          const again: ChannelRange[] = []
          for (const range of left) {
            const { log } = range
            const isReached = came.has(log) || denied.has(log)
            const isForward = isReached ? moved.has(log) && !denied.has(log) : isFruitful
            if (isForward) again.push(range)
            else {
              this.#counters.deferred += 1
              isComplete = this.#place.defer(range, performance.now()) && isComplete
            }
          }
          queue = [...again, ...rest]
        }
        // A line is another's when nothing of it is left: not while what follows in it is still to come.
        const left = new Set(queue.map(lineOf))
        for (const line of new Set(claimed.map(lineOf))) if (!left.has(line)) this.#claims.release(line, this)
      }
      return isComplete
    } finally {
      for (const line of new Set(ranges.map(lineOf))) this.#claims.release(line, this)
    }
  }

  /** The ranges to ask for now, in their order: those of lines that no other reader is fetching. */
  #claim(queue: readonly ChannelRange[]): { claimed: ChannelRange[]; rest: ChannelRange[] } {
    const claimed: ChannelRange[] = []
    const rest: ChannelRange[] = []
    for (const range of queue) {
      if (claimed.length < MAX_SYNC_RANGES && this.#claims.take(lineOf(range), this)) claimed.push(range)
      else rest.push(range)
    }
    return { claimed, rest }
  }

  /** Looks what of some ranges is stored meanwhile, whoever brought it. */
  async #look(ranges: readonly ChannelRange[]): Promise<{ left: ChannelRange[]; moved: Set<LogId> }> {
    const left: ChannelRange[] = []
    const moved = new Set<LogId>()
    for (const range of ranges) {
      const hole = await this.#hole(range)
      if (hole.first > range.first) moved.add(range.log)
      if (hole.first <= hole.last) left.push(hole)
      else this.#place.settle(range)
    }
    return { left, moved }
  }

  /**
   * @returns the logs of which a batch came, whatever became of it; those of which one was stored; and those of
   * which the peer does not have all
   */
  async #ask(ranges: readonly (LogRange & Partial<Pick<ChannelRange, 'sinceMs' | 'channel'>>)[]) {
    const wanted = ranges.map((range) => this.#beforeHeld(range))
    const asked = new Map(wanted.map((range) => [range.log, range]))
    const sinceMs = Math.min(
      ...ranges.map((range) => range.sinceMs ?? (isInbox(range.channel) ? 0 : this.#sinceMs())),
    )
    this.#counters.ranges += wanted.length
    const came = new Set<LogId>()
    const denied = new Set<LogId>()
    const stored = new Set<LogId>()
    const isAsked = ({ log, batch: { first, count } }: SignedBatch) => {
      const range = asked.get(log)
      if (range === undefined || first > range.last || first + count <= range.first) return false
      came.add(log)
      return true
    }
    const answers = this.#requester.ranges(wanted, sinceMs)
    let before = Promise.resolve()
    let taken = Promise.resolve()
    for (;;) {
      // While one part goes to the disk the next is verified, and the one after is on its way.
      const [next] = await Promise.all([answers.next(), before])
      if (next.done === true) break
      const answer = next.value
      before = taken
      taken = this.#take(answer.batches, isAsked, stored)
      // Whoever waits for it is told.
      taken.catch(() => {})
      for (const { log } of [...answer.denied, ...answer.pruned]) denied.add(log)
      this.#counters.denied += answer.denied.length + answer.pruned.length
      await this.#onDenied(answer.denied, answer.pruned)
    }
    await Promise.all([before, taken])
    return { came, denied, stored }
  }

  /** Hands batches to the inbound pipeline, side by side, and waits until they are on disk. */
  async #take(
    batches: readonly Uint8Array[],
    isAsked: SyncDelivery['isAsked'],
    stored: Set<LogId>,
  ): Promise<void> {
    const taken = await Promise.allSettled(
      batches.map(async (envelope) => {
        let log: LogId | undefined
        const delivery = {
          isAsked: (signed: SignedBatch) => {
            log = signed.log
            return isAsked(signed)
          },
          signal: this.signal,
        }
        const verdict = await this.#receive(envelope, delivery)
        if (verdict.action === 'reject') throw protocolError(`a batch that is refused: ${verdict.reason}`)
        if (verdict.action === 'ignore' && verdict.reason === 'disk-reserve') throw noRoom()
        if (verdict.action !== 'accept' || !('committed' in verdict)) return
        await verdict.committed
        this.#stored += 1
        if (log !== undefined) stored.add(log)
      }),
    )
    for (const outcome of taken) if (outcome.status === 'rejected') throw outcome.reason
  }

  /** What of a range is not here: from the first message that is missing on. */
  async #hole(range: ChannelRange): Promise<ChannelRange> {
    const { log, last } = range
    let state = await this.#store.log(log, decodeLogId(log))
    if ((state?.next ?? 0) > range.first && this.#store.firstHeld(log, state?.next ?? 0) === state?.next) {
      // What was held before it is entering the order just now.
      await this.#store.settled()
      state = await this.#store.log(log, decodeLogId(log))
    }
    // Nothing more of a frozen log would be taken.
    const first = state?.isFrozen === true ? last + 1 : Math.max(range.first, state?.next ?? 0)
    return { ...range, first }
  }

  /** What of a range is asked for at a time: up to the first batch that is held. */
  #beforeHeld({ log, first, last }: LogRange): LogRange {
    const held = this.#store.firstHeld(log, first + 1)
    return { log, first, last: held === undefined ? last : Math.min(last, held - 1) }
  }
}

/** What is fetched by one reader at a time. */
function lineOf({ sender, channel, log }: ChannelRange): string {
  return sender === undefined ? log : `${asBuffer(sender).toString('latin1')} ${channel}`
}

/** Ends the pass: where it stands is where the next one, when there is room, goes on. */
function noRoom(): StorageError {
  return new StorageError('ERR_DISK_RESERVE', 'the disk filled up while a peer was read')
}

/** Of what was sent to this node itself everything is wanted, however old. */
function isInbox(channel: string | undefined): boolean {
  return channel?.startsWith('inbox/') === true
}

/** The inbox by itself, the topics so many at a time. */
function inGroups(channels: readonly string[], size: number): string[][] {
  const topics = channels.filter((channel) => !isInbox(channel))
  const groups = channels.filter(isInbox).map((channel) => [channel])
  for (let i = 0; i < topics.length; i += size) groups.push(topics.slice(i, i + size))
  return groups
}
