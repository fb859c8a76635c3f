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

/** What a peer had to say to a gap. */
interface Asked {
  times: number
  /** Since when it could have answered: when it was first seen or asked, whatever connections it had since. */
  sinceMs: number
  /** It said that it does not have it. */
  hasDenied: boolean
  /** It said nothing for so long that it is not waited for any more; it may still bring it. */
  isSilent: boolean
}

interface Gap {
  missing: Missing
  /** By peer; of very many those that came last. */
  readonly peers: Map<string, Asked>
  /** Since when all that can be reached have denied it. */
  allDeniedSinceMs: number | undefined
  /** They are asked a second time, for the last. */
  isLastRound: boolean
}

/** How often a peer is asked for a gap that it neither brings nor denies. */
const MAX_ASKED = 8

/** Gaps that are looked after at a time; the others wait for their turn. */
const MAX_GAPS = 256

/** Gaps among which senders take turns: more batches than this a store does not hold. */
const MAX_FOUND = 16_384

/** Peers that are remembered for one gap: members that come and go, each with a PastelID of its own. */
const MAX_PEERS = 1024

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
 * Whatever fills it ends it, and what fills a part of it starts it anew. With nobody to ask nothing is ever lost:
 * the time begins again when somebody is there. A peer that has not answered for `lostAfterMs` counts as one that
 * denies, whatever connections it made in the meantime; peers are named so that a new connection is no new peer.
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
    let found = await this.#store.gaps(MAX_GAPS + 1)
    if (found.length > MAX_GAPS) found = inTurns(await this.#store.gaps(MAX_FOUND)).slice(0, MAX_GAPS)
    const gaps = new Map<LogId, Gap>()
    for (const missing of found) {
      const before = this.#gaps.get(missing.id)
      // Who denied all of a range has denied each part of it.
      const isPart =
        before !== undefined && before.missing.first <= missing.first && before.missing.last >= missing.last
      if (isPart && before.missing.first < missing.first) startAnew(before)
      gaps.set(
        missing.id,
        isPart
          ? Object.assign(before, { missing })
          : { missing, peers: new Map(), allDeniedSinceMs: undefined, isLastRound: false },
      )
    }
    this.#gaps = gaps
  }

  /** What a peer is asked for now: the gaps that it has not denied. */
  ask(peer: string): ChannelRange[] {
    const ranges: ChannelRange[] = []
    for (const gap of this.#gaps.values()) {
      const asked = this.#peerOf(gap, peer)
      if (asked.hasDenied || asked.times >= MAX_ASKED) continue
      asked.times += 1
      const { id, channel, sender, first, last } = gap.missing
      ranges.push({ log: id, channel, sender, first, last })
      // One that neither brings nor denies it holds nothing up for ever.
      if (asked.times === MAX_ASKED) asked.isSilent = true
    }
    return ranges
  }

  /** A peer came again: it may have learned what it denied. What it did not answer it has still to answer. */
  returned(peer: string): void {
    for (const { peers } of this.#gaps.values()) {
      const asked = peers.get(peer)
      if (asked !== undefined && asked.times < MAX_ASKED) asked.hasDenied = false
    }
  }

  /** A peer does not have some ranges. */
  denied(peer: string, ranges: readonly LogRange[]): void {
    for (const { log, first, last } of ranges) {
      const gap = this.#gaps.get(log)
      if (gap === undefined || first > gap.missing.first || last < gap.missing.last) continue
      this.#peerOf(gap, peer).hasDenied = true
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

  /** Nobody can be reached: what was denied before proves nothing about those who come. */
  cutOff(): void {
    for (const gap of this.#gaps.values()) {
      gap.allDeniedSinceMs = undefined
      gap.isLastRound = false
    }
  }

  /**
   * Gives up what has been denied for long enough.
   * @param reachable the peers that answer now
   * @returns those that were not asked yet
   */
  async settle(reachable: ReadonlySet<string>): Promise<Set<string>> {
    const toAsk = new Set<string>()
    if (reachable.size === 0) {
      this.cutOff()
      return toAsk
    }
    for (const [log, gap] of this.#gaps) {
      const open = this.#openPeers(gap, reachable)
      if (open.length > 0) {
        if (!gap.isLastRound) gap.allDeniedSinceMs = undefined
        for (const peer of open) if (gap.peers.get(peer)?.times === 0) toAsk.add(peer)
        continue
      }
      gap.allDeniedSinceMs ??= this.#now()
      if (this.#now() - gap.allDeniedSinceMs < this.#options.lostAfterMs) continue
      if (gap.isLastRound) {
        this.#gaps.delete(log)
        await this.#store.giveUp(gap.missing, 'denied')
      } else {
        gap.isLastRound = true
        for (const asked of gap.peers.values())
          Object.assign(asked, { times: 0, sinceMs: this.#now(), hasDenied: false })
        for (const peer of reachable) toAsk.add(peer)
      }
    }
    return toAsk
  }

  /** The peers that are waited for. */
  #openPeers(gap: Gap, reachable: ReadonlySet<string>): string[] {
    const { lostAfterMs } = this.#options
    return [...reachable].filter((peer) => {
      const asked = this.#peerOf(gap, peer)
      if (!asked.hasDenied && this.#now() - asked.sinceMs >= lostAfterMs) asked.isSilent = true
      return !asked.hasDenied && !asked.isSilent
    })
  }

  #peerOf({ peers }: Gap, peer: string): Asked {
    let asked = peers.get(peer)
    if (asked !== undefined) return asked
    asked = { times: 0, sinceMs: this.#now(), hasDenied: false, isSilent: false }
    peers.set(peer, asked)
    for (const oldest of peers.keys()) {
      if (peers.size <= MAX_PEERS) break
      peers.delete(oldest)
    }
    return asked
  }
}

/** Some of it came: whoever brings the rest has its time again. Who denied all of it has denied the rest as well. */
function startAnew(gap: Gap): void {
  gap.allDeniedSinceMs = undefined
  gap.isLastRound = false
  for (const [peer, { hasDenied }] of gap.peers) if (!hasDenied) gap.peers.delete(peer)
}

/** The first of each sender, then the second of each, and so on: nobody's gaps keep those of others waiting. */
function inTurns(found: readonly Missing[]): Missing[] {
  const bySender = new Map<string, Missing[]>()
  for (const missing of found) {
    const sender = Buffer.from(missing.sender).toString('latin1')
    const gaps = bySender.get(sender)
    if (gaps === undefined) bySender.set(sender, [missing])
    else gaps.push(missing)
  }
  const turns: Missing[] = []
  const longest = Math.max(...[...bySender.values()].map(({ length }) => length))
  for (let turn = 0; turn < longest; turn += 1) {
    for (const gaps of bySender.values()) {
      const missing = gaps[turn]
      if (missing !== undefined) turns.push(missing)
    }
  }
  return turns
}
