import { decodeLogId, type LogId, type LogRange, MAX_SYNC_RANGES } from '@pastel-mesh/protocol'
import type { LostQuery, MessageStore } from '@pastel-mesh/storage'

export interface LostRequestsComponents {
  readonly store: MessageStore
  /**
   * Asks the peer once for some ranges, as many as one request names.
   * @returns the logs of which it is worth asking for the rest at once
   */
  readonly fetch: (ranges: readonly LogRange[]) => Promise<ReadonlySet<LogId>>
  /** How far back the history is wanted now, in ms since 1970. @default as it was when it was given up */
  readonly sinceMs?: () => number
  /** Monotonic time, in ms. @default performance.now */
  readonly now?: () => number
}

/** A log of which nothing could be stored. */
interface Vain {
  readonly pauseMs: number
  readonly dueMs: number
  /** The last of its ranges that was asked for. */
  readonly after: LogRange
}

/** Requests in one pass; what is left is for the next, so that the peer is read meanwhile. */
const MAX_REQUESTS = 16

/** Ranges of one log in one request, so that a log in a thousand pieces leaves room for others. */
const MAX_RANGES_A_LOG = 16

/** Logs that are remembered, of those announced and of those of which nothing came; the oldest are forgotten. */
const MAX_LOGS = 4096

/** Pause before a log of which nothing was stored is asked for again, if it was announced; doubled each time. */
const MIN_PAUSE_MS = 1_000
const MAX_PAUSE_MS = 10 * 60_000

/**
 * Asks one peer, while it is connected, for ranges that were given up for lost: once for all of them, and then
 * for those of the logs in which it got something, for it may have come late to it as well. A log of which it
 * brought nothing that could be stored waits longer and longer, however often it is announced.
 */
export class LostRequests {
  readonly #store: MessageStore
  readonly #fetch: LostRequestsComponents['fetch']
  readonly #now: () => number
  readonly #sinceMs: LostRequestsComponents['sinceMs']
  /** Logs that the peer announced and that were not looked at since. */
  readonly #announced = new Set<LogId>()
  readonly #vain = new Map<LogId, Vain>()
  /** Where the first look goes on; undefined: at the beginning. */
  #after: LogRange | undefined
  #isFirstLook = true

  constructor(components: LostRequestsComponents) {
    this.#store = components.store
    this.#fetch = components.fetch
    this.#sinceMs = components.sinceMs
    this.#now = components.now ?? (() => performance.now())
  }

  /** The peer got something in these logs. */
  announced(logs: Iterable<LogId>): void {
    for (const log of logs) this.#announced.add(log)
    trim(this.#announced)
  }

  /** Asks for what is due. */
  async pass(): Promise<void> {
    for (let request = 0; request < MAX_REQUESTS; request += 1) {
      if (this.#isFirstLook) await this.#lookOn()
      else {
        const ranges = await this.#dueRanges()
        if (ranges.length === 0) return
        await this.#ask(ranges)
      }
    }
  }

  /** Goes on with the first look. */
  async #lookOn(): Promise<void> {
    const query = this.#query(this.#after === undefined ? {} : { after: this.#after })
    const ranges = await this.#store.lostRanges(MAX_SYNC_RANGES, query)
    await this.#ask(ranges)
    this.#after = ranges.at(-1)
    this.#isFirstLook = ranges.length === MAX_SYNC_RANGES
  }

  /** Ranges of announced logs, of as many as one request has room for. */
  async #dueRanges(): Promise<LogRange[]> {
    const ranges: LogRange[] = []
    for (const log of this.#announced) {
      if (ranges.length + MAX_RANGES_A_LOG > MAX_SYNC_RANGES) break
      if ((this.#vain.get(log)?.dueMs ?? 0) > this.#now()) continue
      ranges.push(...(await this.#ofLog(log)))
      this.#announced.delete(log)
    }
    return ranges
  }

  async #ofLog(log: LogId): Promise<LogRange[]> {
    const after = this.#vain.get(log)?.after
    if (after !== undefined) {
      const ranges = await this.#store.lostRanges(MAX_RANGES_A_LOG, this.#query({ log, after }))
      if (ranges.length > 0) return ranges
    }
    return this.#store.lostRanges(MAX_RANGES_A_LOG, this.#query({ log }))
  }

  /** What is before the wanted history as well, if a longer one is wanted meanwhile. */
  #query(query: LostQuery): LostQuery {
    return this.#sinceMs === undefined ? query : { ...query, sinceMs: this.#sinceMs() }
  }

  async #ask(found: readonly LogRange[]): Promise<void> {
    const ranges: LogRange[] = []
    for (const range of found) if (!(await this.#isFrozen(range.log))) ranges.push(range)
    if (ranges.length === 0) return
    // Of each log the last: where its next turn goes on.
    const asked = new Map(ranges.map((range) => [range.log, range]))
    try {
      const again = await this.#fetch(ranges)
      for (const [log, last] of asked) {
        if (again.has(log)) this.#vain.delete(log)
        else this.#inVain(log, last)
      }
      this.announced(again)
    } catch (error) {
      this.announced(asked.keys())
      throw error
    }
  }

  /** Nothing more is taken of a frozen log. */
  async #isFrozen(log: LogId): Promise<boolean> {
    return (await this.#store.log(log, decodeLogId(log)))?.isFrozen === true
  }

  #inVain(log: LogId, after: LogRange): void {
    const before = this.#vain.get(log)
    const pauseMs = before === undefined ? MIN_PAUSE_MS : Math.min(MAX_PAUSE_MS, before.pauseMs * 2)
    this.#vain.delete(log)
    this.#vain.set(log, { pauseMs, dueMs: this.#now() + pauseMs, after })
    trim(this.#vain)
  }
}

function trim(logs: Set<LogId> | Map<LogId, unknown>): void {
  for (const log of logs.keys()) {
    if (logs.size <= MAX_LOGS) break
    logs.delete(log)
  }
}
