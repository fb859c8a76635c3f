import { setTimeout as delay } from 'node:timers/promises'
import {
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
  readonly place: SyncPlace
  readonly claims: RangeClaims
  readonly receive: (envelope: Uint8Array, delivery: SyncDelivery) => Promise<Verdict>
  /** The PastelID of the holder, as its public key; while it is not known, anything may be its own. */
  readonly sender?: () => Uint8Array | undefined
  /** The senders to whose nodes this node is connected, for the holder to know. @default says nothing */
  readonly direct?: () => readonly Uint8Array[]
  /** Told what the peer does not have, or not any more. */
  readonly onDenied: (denied: readonly LogRange[], pruned: readonly LogRange[]) => Promise<void>
}

/** Pages of heads in one pass; what is left is for the next, so that a peer's pages without end end. */
const MAX_PAGES = 256

/** Logs of a peer's heads that are remembered until somebody asks which they were. */
const MAX_ANNOUNCED = 4096

/** How often a reader looks whether another has brought what both found missing. */
const CLAIM_POLL_MS = 100

/** Reads one peer's arrival order from where it last stood in it: heads first, then the ranges that are missing. */
export class SyncReader {
  readonly #store: MessageStore
  readonly #place: SyncPlace
  readonly #claims: RangeClaims
  readonly #receive: SyncReaderComponents['receive']
  readonly #onDenied: SyncReaderComponents['onDenied']
  readonly #sender: () => Uint8Array | undefined
  readonly #direct: () => readonly Uint8Array[]
  readonly #requester: SyncRequester
  readonly #announced = new Set<LogId>()
  #stored = 0

  constructor(components: SyncReaderComponents) {
    this.#store = components.store
    this.#place = components.place
    this.#claims = components.claims
    this.#receive = components.receive
    this.#onDenied = components.onDenied
    this.#sender = components.sender ?? (() => undefined)
    this.#direct = components.direct ?? (() => [])
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
    await this.#fetch((await this.#look(this.#place.due(performance.now()))).left)
    for (const group of groups) await this.#read(group)
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

  async #read(channels: readonly string[]): Promise<void> {
    const { generation } = this.#place
    let from = this.#place.checkpoint(channels)
    let isComplete = true
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const stored = this.#place.stored(channels)
      const answer = await this.#requester.heads(channels, from, stored, page === 0 ? this.#direct() : [])
      isComplete = (await this.#fetch(await this.#missing(answer))) && isComplete
      if (generation !== this.#place.generation) return
      if (isComplete) this.#place.advance(channels, answer.next)
      if (!answer.more) return
      from = answer.next
    }
  }

  /** What the heads announce beyond what is stored here, in their order. */
  async #missing({ heads }: HeadsResponse): Promise<ChannelRange[]> {
    const missing = new Map<LogId, ChannelRange>()
    for (const { sender, channel, run, position: last } of heads) {
      const log = logId(sender, channel, run)
      if (this.#announced.size < MAX_ANNOUNCED) this.#announced.add(log)
      const isHolders = this.#isHolders(sender)
      const range = await this.#hole({ log, channel, first: 0, last, ...(isHolders ? { isHolders } : {}) })
      if (range.first <= range.last && !this.#place.isWaiting(range, performance.now()))
        missing.set(log, range)
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
        const { asked, rest } = this.#claim(queue)
        if (asked.length === 0) {
          await delay(CLAIM_POLL_MS, undefined, { signal: this.signal })
          queue = (await this.#look(rest)).left
          continue
        }
        const { came, denied } = await this.#ask(asked)
        const { left, moved } = await this.#look(asked)
        const isFruitful = came.size + denied.size > 0 || left.length < asked.length
        const again: ChannelRange[] = []
        for (const range of left) {
          const { log } = range
          const isReached = came.has(log) || denied.has(log)
          const isForward = isReached ? moved.has(log) && !denied.has(log) : isFruitful
          if (isForward) again.push(range)
          else isComplete = this.#defer(range) && isComplete
        }
        queue = [...again, ...rest]
      }
      return isComplete
    } finally {
      for (const { log } of ranges) this.#claims.release(log, this)
    }
  }

  /** A range did not come. @returns false if there was no room to remember it */
  #defer(range: ChannelRange): boolean {
    this.#claims.release(range.log, this)
    return this.#place.defer(range, performance.now())
  }

  /** The ranges to ask for now: those that no other reader is fetching. */
  #claim(queue: readonly ChannelRange[]): { asked: ChannelRange[]; rest: ChannelRange[] } {
    const asked: ChannelRange[] = []
    const rest: ChannelRange[] = []
    for (const range of queue) {
      if (asked.length < MAX_SYNC_RANGES && this.#claims.take(range.log, this)) asked.push(range)
      else rest.push(range)
    }
    return { asked, rest }
  }

  /** Looks what of some ranges is stored meanwhile, whoever brought it. */
  async #look(ranges: readonly ChannelRange[]): Promise<{ left: ChannelRange[]; moved: Set<LogId> }> {
    const left: ChannelRange[] = []
    const moved = new Set<LogId>()
    for (const range of ranges) {
      const hole = await this.#hole(range)
      if (hole.first > range.first) moved.add(range.log)
      if (hole.first <= hole.last) left.push(hole)
      else {
        this.#place.settle(range.log)
        this.#claims.release(range.log, this)
      }
    }
    return { left, moved }
  }

  /**
   * @returns the logs of which a batch came, whatever became of it; those of which one was stored; and those of
   * which the peer does not have all
   */
  async #ask(ranges: readonly LogRange[]) {
    const asked = new Map(ranges.map((range) => [range.log, range]))
    const came = new Set<LogId>()
    const denied = new Set<LogId>()
    const stored = new Set<LogId>()
    const isAsked = ({ log, batch: { first, count } }: SignedBatch) => {
      const range = asked.get(log)
      if (range === undefined || first > range.last || first + count <= range.first) return false
      came.add(log)
      return true
    }
    for await (const answer of this.#requester.ranges(ranges)) {
      await this.#take(answer.batches, isAsked, stored)
      for (const { log } of [...answer.denied, ...answer.pruned]) denied.add(log)
      await this.#onDenied(answer.denied, answer.pruned)
    }
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

  /** What of a range is not here, up to the first batch that is held. */
  async #hole(range: ChannelRange): Promise<ChannelRange> {
    const { log } = range
    const state = await this.#store.log(log, decodeLogId(log))
    // Nothing more of it would be taken.
    if (state?.isFrozen === true) return { ...range, first: range.last + 1 }
    const first = Math.max(range.first, state?.next ?? 0)
    const held = this.#store.firstHeld(log, first + 1)
    const last = held === undefined ? range.last : Math.min(range.last, held - 1)
    return { ...range, first, last }
  }
}

/** Ends the pass: where it stands is where the next one, when there is room, goes on. */
function noRoom(): StorageError {
  return new StorageError('ERR_DISK_RESERVE', 'the disk filled up while a peer was read')
}

function inGroups(channels: readonly string[], size: number): string[][] {
  const groups: string[][] = []
  for (let i = 0; i < channels.length; i += size) groups.push(channels.slice(i, i + size))
  return groups
}
