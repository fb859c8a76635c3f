import type { LogId, LogRange } from '@pastel-mesh/protocol'
import type { MessageStore, Missing } from '@pastel-mesh/storage'
import type { ChannelRange } from './sync-place.ts'

export interface GapsOptions {
  /** How long all holders that can be reached must have denied a gap before it is given up, in ms. */
  readonly lostAfterMs: number
}

export interface GapsComponents {
  readonly store: MessageStore
  /** Monotonic time, in ms. @default performance.now */
  readonly now?: () => number
}

interface Gap {
  missing: Missing
  /** Peers that said that they do not have it. */
  readonly deniedBy: Set<string>
  /** How often each peer was asked. */
  readonly asked: Map<string, number>
  /** Since when all that can be reached have denied it. */
  allDeniedSinceMs: number | undefined
  /** They are asked a second time, for the last. */
  isLastRound: boolean
}

/** How often a peer is asked for a gap that it neither brings nor denies. */
const MAX_ASKED = 8

/** Gaps that are looked after at a time; the others wait for their turn. */
const MAX_GAPS = 256

/**
 * What held batches wait for, and who has denied to have it.
 *
 * ```
 *            a held batch proves it                all that can be reached deny it
 *   (none) ─────────────────────────▶ asked for ──────────────────────────────────▶ denied by all
 *                                       ▲   ▲                                         │
 *                       somebody new ───┘   └─────────── after `lostAfterMs`, once ───┘
 *                                       │
 *                                       └─ denied by all again, or its sender does not have it any more ─▶ lost
 * ```
 *
 * Whatever fills it ends it. With nobody to ask nothing is ever lost.
 */
export class Gaps {
  readonly #options: GapsOptions
  readonly #store: MessageStore
  readonly #now: () => number
  #gaps = new Map<LogId, Gap>()

  constructor(options: GapsOptions, components: GapsComponents) {
    this.#options = options
    this.#store = components.store
    this.#now = components.now ?? (() => performance.now())
  }

  get size(): number {
    return this.#gaps.size
  }

  /** Looks what is missing now. */
  async refresh(): Promise<void> {
    const found = await this.#store.gaps(MAX_GAPS)
    const gaps = new Map<LogId, Gap>()
    for (const missing of found) {
      const before = this.#gaps.get(missing.id)
      // Who denied all of a range has denied each part of it.
      const isPart =
        before !== undefined && before.missing.first <= missing.first && before.missing.last >= missing.last
      gaps.set(
        missing.id,
        isPart
          ? Object.assign(before, { missing })
          : {
              missing,
              deniedBy: new Set(),
              asked: new Map(),
              allDeniedSinceMs: undefined,
              isLastRound: false,
            },
      )
    }
    this.#gaps = gaps
  }

  /** What a peer is asked for now: the gaps that it has not denied. */
  ask(peer: string): ChannelRange[] {
    const ranges: ChannelRange[] = []
    for (const { missing, deniedBy, asked } of this.#gaps.values()) {
      if (deniedBy.has(peer)) continue
      const times = (asked.get(peer) ?? 0) + 1
      asked.set(peer, times)
      const { id, channel, first, last } = missing
      ranges.push({ log: id, channel, first, last })
      // One that neither brings nor denies it holds nothing up for ever.
      if (times >= MAX_ASKED) deniedBy.add(peer)
    }
    return ranges
  }

  /** A peer came again: it may have learned what it denied, or be a copy of who did. */
  returned(peer: string): void {
    for (const { asked, deniedBy } of this.#gaps.values()) {
      if ((asked.get(peer) ?? 0) < MAX_ASKED) deniedBy.delete(peer)
    }
  }

  /** A peer does not have some ranges. */
  denied(peer: string, ranges: readonly LogRange[]): void {
    for (const { log, first, last } of ranges) {
      const gap = this.#gaps.get(log)
      if (gap !== undefined && first <= gap.missing.first && last >= gap.missing.last) gap.deniedBy.add(peer)
    }
  }

  /** The sender of some ranges does not have them any more: nobody need be waited for. */
  async pruned(sender: Uint8Array, ranges: readonly LogRange[]): Promise<void> {
    for (const { log, first, last } of ranges) {
      const missing = this.#gaps.get(log)?.missing
      if (missing === undefined || !Buffer.from(missing.sender).equals(sender)) continue
      if (first > missing.first || last < missing.last) continue
      this.#gaps.delete(log)
      await this.#store.giveUp(missing, 'pruned')
    }
  }

  /**
   * Gives up what has been denied for long enough.
   * @param reachable the peers that answer now
   * @returns those that were not asked yet
   */
  async settle(reachable: ReadonlySet<string>): Promise<Set<string>> {
    const toAsk = new Set<string>()
    if (reachable.size === 0) return toAsk
    for (const [log, gap] of this.#gaps) {
      const open = [...reachable].filter((peer) => !gap.deniedBy.has(peer))
      if (open.length > 0) {
        for (const peer of open) if (!gap.asked.has(peer)) toAsk.add(peer)
        continue
      }
      gap.allDeniedSinceMs ??= this.#now()
      if (this.#now() - gap.allDeniedSinceMs < this.#options.lostAfterMs) continue
      if (gap.isLastRound) {
        this.#gaps.delete(log)
        await this.#store.giveUp(gap.missing, 'denied')
      } else {
        gap.isLastRound = true
        gap.deniedBy.clear()
        gap.asked.clear()
        for (const peer of reachable) toAsk.add(peer)
      }
    }
    return toAsk
  }
}
