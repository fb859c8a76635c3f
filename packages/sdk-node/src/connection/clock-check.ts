import { uptime } from 'node:os'
import { MeshError, type PastelId } from '@pastel-mesh/identity'

/**
 * `ok`: this clock agrees with the peers'. `doubtful`: it differs from the only peer that was measured, and either
 * may be wrong. `wrong`: it differs from most peers', and nothing is published until it does not any more.
 */
export type ClockState = 'ok' | 'doubtful' | 'wrong'

export interface ClockStatus {
  readonly state: ClockState
  /** How far this clock is ahead of the peers' median, in ms; negative: behind. Absent: no peer was measured. */
  readonly offsetMs?: number
  /** Peers that were measured. */
  readonly peers: number
}

export interface ClockCheckOptions {
  /** A clock that is further off is wrong, in ms. @default 30 seconds */
  readonly limitMs?: number
  /** Peers that are remembered, those measured last. @default 256 */
  readonly maxPeers?: number
}

export interface ClockCheckComponents {
  readonly isMember: (pastelId: PastelId) => boolean
  /** @default everybody is */
  readonly isConnected?: (pastelId: PastelId) => boolean
  /** The state changed. */
  readonly onChange: (status: ClockStatus) => void
  /** Wall clock and monotonic clock, in ms. @default Date.now, performance.now */
  readonly now?: () => number
  readonly monotonicMs?: () => number
  /** Time since the machine was booted, in ms; unlike the monotonic clock it goes on while the machine sleeps. */
  readonly sinceBootMs?: () => number
}

/** Well below the two minutes from which on others refuse certificates and batches as from the future. */
const LIMIT_MS = 30_000
/** A clock that is on the limit must not begin and end with every measurement. */
const AGAIN_SHARE = 0.8
const MAX_PEERS = 256
/** Clocks drift apart by some ms an hour; but a peer may have been set right since. */
const MAX_AGE_MS = 60 * 60_000
/** Who is gone cannot be measured again: not long after, nobody stands for its clock any more. */
const MAX_GONE_AGE_MS = 5 * 60_000
/** How often it is looked whether the state changed. */
const INTERVAL_MS = 1_000
/** The wall clock moved by that much against the monotonic one: it was set. */
const JUMP_MS = 1_000
/** The machine slept: the time since its boot, which some systems give in seconds, ran ahead of the monotonic clock. */
const SLEEP_MS = 2_000
/** Measurements from after a jump of the wall clock that are enough to do without those from before. */
const ENOUGH_AFTER_JUMP = 2

interface Sample {
  /** See {@link peerEpochMs}. */
  readonly epochMs: number
  readonly atMs: number
  /** Jumps of the wall clock that had been noticed by then. */
  readonly jumps: number
}

/**
 * A measurement of a peer's clock: what it showed when this node's monotonic clock was 0. It stays true when this
 * node's wall clock is set, which is just what is to be noticed.
 * @param timeMs what the peer's clock showed, some time between `askedAtMs` and `answeredAtMs` of the monotonic clock
 */
export function peerEpochMs(timeMs: number, askedAtMs: number, answeredAtMs: number): number {
  return timeMs - (askedAtMs + answeredAtMs) / 2
}

/**
 * Compares this node's clock with its peers'. What is signed carries its time: with a wrong clock others would not
 * take it, or would take it for newer than all that comes later.
 *
 * ```
 *   ok ── two peers or more, and the median differs ──▶ wrong
 *   ok ── one peer, and it differs ──▶ doubtful
 *   each ── it differs no more, or is not known any more ──▶ ok
 * ```
 */
export class ClockCheck {
  readonly #limitMs: number
  readonly #maxPeers: number
  readonly #components: ClockCheckComponents
  readonly #now: () => number
  readonly #monotonicMs: () => number
  readonly #sinceBootMs: () => number
  /** One a member, the one that was measured last at the end. */
  readonly #samples = new Map<PastelId, Sample>()
  #status: ClockStatus = { state: 'ok', peers: 0 }
  /** This node's own epoch when the status was found, and by how much the time since the boot was ahead then. */
  #epochMs = 0
  #sleptMs: number
  #jumps = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: ClockCheckOptions, components: ClockCheckComponents) {
    this.#limitMs = options.limitMs ?? LIMIT_MS
    this.#maxPeers = options.maxPeers ?? MAX_PEERS
    this.#components = components
    this.#now = components.now ?? (() => Date.now())
    this.#monotonicMs = components.monotonicMs ?? (() => performance.now())
    this.#sinceBootMs = components.sinceBootMs ?? sinceBootMs
    this.#sleptMs = this.#sinceBootMs() - this.#monotonicMs()
  }

  get status(): ClockStatus {
    return this.#status
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#look(), INTERVAL_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** A peer's clock was measured; only members' are compared with. */
  heard(pastelId: PastelId, epochMs: number): void {
    if (!this.#components.isMember(pastelId)) return
    this.#noticeJump()
    this.#samples.delete(pastelId)
    this.#samples.set(pastelId, { epochMs, atMs: this.#monotonicMs(), jumps: this.#jumps })
    for (const oldest of this.#samples.keys()) {
      if (this.#samples.size <= this.#maxPeers) break
      this.#samples.delete(oldest)
    }
    this.#look()
  }

  /** @throws MeshError ERR_CLOCK */
  assertRight(): void {
    const epochMs = this.#now() - this.#monotonicMs()
    if (Math.abs(epochMs - this.#epochMs) > JUMP_MS) this.#look()
    const { state, offsetMs = 0, peers } = this.#status
    if (state !== 'wrong') return
    throw new MeshError(
      'ERR_CLOCK',
      `this node's clock is ${describeOffset(offsetMs)} those of its ${peers} peers: set it right (NTP does: timedatectl set-ntp true); publishing goes on by itself then`,
    )
  }

  #look(): void {
    const before = this.#status
    this.#noticeJump()
    const offsets = this.#offsets()
    const offsetMs = median(offsets)
    const limitMs = before.state === 'ok' ? this.#limitMs : this.#limitMs * AGAIN_SHARE
    const differs = offsetMs !== undefined && Math.abs(offsetMs) > limitMs
    // Of two clocks that differ either may be wrong: with one peer alone nothing tells which.
    const state = differs ? (offsets.length > 1 ? 'wrong' : 'doubtful') : 'ok'
    this.#status = { state, peers: offsets.length, ...(offsetMs === undefined ? {} : { offsetMs }) }
    if (state !== before.state) this.#components.onChange(this.#status)
  }

  /**
   * While the machine slept its monotonic clock stood still, and what was measured before is off by that time. If the
   * wall clock jumped otherwise it was set, or the whole machine was halted for a while, which looks the same.
   */
  #noticeJump(): void {
    const monotonicMs = this.#monotonicMs()
    const epochMs = this.#now() - monotonicMs
    const sleptMs = this.#sinceBootMs() - monotonicMs
    if (sleptMs - this.#sleptMs > SLEEP_MS) this.#samples.clear()
    else if (Math.abs(epochMs - this.#epochMs) > JUMP_MS) this.#jumps += 1
    this.#epochMs = epochMs
    this.#sleptMs = sleptMs
  }

  /** How far this clock is ahead of each member's. */
  #offsets(): number[] {
    this.#forget()
    const samples = [...this.#samples.values()]
    const fresh = samples.filter(({ jumps }) => jumps === this.#jumps)
    return (fresh.length >= ENOUGH_AFTER_JUMP ? fresh : samples).map(({ epochMs }) =>
      Math.round(this.#epochMs - epochMs),
    )
  }

  #forget(): void {
    const { isMember, isConnected = () => true } = this.#components
    const nowMs = this.#monotonicMs()
    for (const [pastelId, { atMs }] of this.#samples) {
      const ageMs = nowMs - atMs
      const isGone = ageMs > MAX_GONE_AGE_MS && !isConnected(pastelId)
      if (ageMs > MAX_AGE_MS || isGone || !isMember(pastelId)) this.#samples.delete(pastelId)
    }
  }
}

function sinceBootMs(): number {
  try {
    return uptime() * 1_000
  } catch {
    // Where the system does not tell, no sleep is seen.
    return performance.now()
  }
}

/** Of an even number the middle one that is nearer to zero: half of the peers must not be able to stop a node. */
function median(numbers: number[]): number | undefined {
  const sorted = numbers.sort((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.ceil(sorted.length / 2) - 1]
  if (upper === undefined || lower === undefined) return undefined
  if (lower <= 0 && upper >= 0 && lower !== upper) return 0
  return Math.abs(lower) < Math.abs(upper) ? lower : upper
}

function describeOffset(offsetMs: number): string {
  const seconds = Math.round(Math.abs(offsetMs) / 1000)
  return `${seconds} s ${offsetMs > 0 ? 'ahead of' : 'behind'}`
}
