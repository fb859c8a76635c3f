import type { Fault, FaultKind, LinkFault, LinkFaultKind, MemberFault, MemberFaultKind } from './fault.ts'
import { Random } from './random.ts'

export interface ScheduleOptions {
  readonly seed: number
  readonly durationMs: number
  readonly members: number
  /** @default all of them */
  readonly kinds?: readonly FaultKind[]
  /** One of the members keeps little, and reads slowly. @default true */
  readonly retention?: boolean
}

/** What a member is from the beginning to the end of a run. */
export interface MemberPlan {
  readonly topics: readonly string[]
  /** It keeps little, and reads slowly while there are faults. */
  readonly keepsLittle: boolean
  /** Its data folder is on a small disk of its own, which is filled now and then. */
  readonly hasSmallDisk: boolean
}

export interface Schedule {
  readonly durationMs: number
  readonly plans: readonly MemberPlan[]
  /** By the time at which they begin. */
  readonly faults: readonly Fault[]
}

export const FAULT_KINDS: readonly FaultKind[] = [
  ...(['kill', 'pause', 'stop', 'away', 'clock', 'copy', 'restore', 'disk'] as const),
  ...(['cut', 'silence', 'delay', 'throttle', 'loss'] as const),
]

const TOPICS = ['red', 'green', 'blue']
/** Before the first fault: members find each other. */
const FIRST_MS = 3_000
/** A shifted clock that is ahead signs what others take only later: it must be over before the run is. */
const MAX_AHEAD_MS = 4 * 60_000
const MAX_BEHIND_MS = 15 * 60_000

const LINK_KINDS: readonly LinkFaultKind[] = ['cut', 'silence', 'delay', 'throttle', 'loss']
const PROCESS_KINDS: readonly MemberFaultKind[] = ['kill', 'kill', 'pause', 'pause', 'stop', 'clock', 'disk']

/**
 * What happens when, to whom: the same options give the same schedule. What happens to one member's process comes one
 * after the other; everything else overlaps.
 */
export function makeSchedule(options: ScheduleOptions): Schedule {
  return new ScheduleMaker(options).make()
}

class ScheduleMaker {
  readonly #random: Random
  readonly #durationMs: number
  readonly #members: number
  readonly #kinds: ReadonlySet<FaultKind>
  readonly #keepsLittle: boolean
  readonly #faults: Fault[] = []

  constructor({ seed, durationMs, members, kinds = FAULT_KINDS, retention = true }: ScheduleOptions) {
    this.#random = new Random(seed)
    this.#durationMs = durationMs
    this.#members = members
    this.#kinds = new Set(kinds)
    this.#keepsLittle = retention && members > 2
  }

  make(): Schedule {
    const plans = this.#plans()
    const [away, restored] = this.#shuffled()
    for (let member = 0; member < this.#members; member += 1) {
      const extra = [
        ...(member === away ? this.#away(member) : []),
        ...(member === restored ? this.#restored(member) : []),
      ]
      this.#addProcessFaults(member, plans[member] as MemberPlan, extra)
    }
    this.#addLinkFaults()
    const faults = this.#faults.sort((a, b) => a.atMs - b.atMs)
    return { durationMs: this.#durationMs, plans, faults }
  }

  /** Every topic has two members, the first topic all but one, and not everybody joins every topic. */
  #plans(): MemberPlan[] {
    const [little, disk] = this.#shuffled().reverse()
    return Array.from({ length: this.#members }, (_, member) => {
      const joins = (topic: number) =>
        this.#members < 4
          ? topic === 0
          : (member + topic) % this.#members < 2 || (member + 2 * topic) % (topic + 2) === 0
      const topics = TOPICS.filter((_, topic) => joins(topic))
      return {
        topics: topics.length === 0 ? [TOPICS[0] as string] : topics,
        keepsLittle: this.#keepsLittle && member === little,
        hasSmallDisk: this.#kinds.has('disk') && member === disk,
      }
    })
  }

  /** One is away for a third to a half of the run. */
  #away(member: number): MemberFault[] {
    if (!this.#kinds.has('away')) return []
    const durationMs = Math.round(this.#durationMs * this.#between(0.33, 0.5))
    const atMs = Math.round(this.#durationMs * this.#between(0.15, 0.4))
    return [{ kind: 'away', member, atMs, durationMs }]
  }

  /** One is copied early and restored late. */
  #restored(member: number): MemberFault[] {
    if (!this.#kinds.has('copy') || !this.#kinds.has('restore')) return []
    const atMs = (from: number, to: number) => Math.round(this.#durationMs * this.#between(from, to))
    return [
      { kind: 'copy', member, atMs: atMs(0.1, 0.4), durationMs: 0 },
      { kind: 'restore', member, atMs: atMs(0.55, 0.85), durationMs: this.#lasting(500, 4_000) },
    ]
  }

  #addProcessFaults(member: number, plan: MemberPlan, extra: readonly MemberFault[]): void {
    this.#faults.push(...extra)
    const kinds = PROCESS_KINDS.filter(
      (kind) => this.#kinds.has(kind) && (kind !== 'disk' || plan.hasSmallDisk),
    )
    if (kinds.length === 0) return
    let atMs = FIRST_MS + this.#random.between(0, 6_000)
    while (atMs < this.#durationMs) {
      const fault = this.#processFault(this.#random.pick(kinds), member, atMs)
      if (fault !== undefined && extra.every((other) => !overlap(fault, other))) this.#faults.push(fault)
      atMs += (fault?.durationMs ?? 0) + this.#random.between(4_000, 20_000)
    }
  }

  #processFault(kind: MemberFaultKind, member: number, atMs: number): MemberFault | undefined {
    switch (kind) {
      case 'pause':
        return { kind, member, atMs, durationMs: this.#lasting(2_000, 20_000) }
      case 'clock': {
        const isAhead = this.#random.between(0, 1) === 1
        const leftMs = this.#durationMs - atMs
        const mostMs = isAhead ? Math.min(MAX_AHEAD_MS, leftMs) : MAX_BEHIND_MS
        if (mostMs < 60_000) return undefined
        const shiftMs = this.#random.between(60_000, mostMs)
        const durationMs = this.#lasting(8_000, 40_000)
        return { kind, member, atMs, durationMs, amount: isAhead ? shiftMs : -shiftMs }
      }
      case 'disk':
        return { kind, member, atMs, durationMs: this.#lasting(4_000, 15_000) }
      default:
        return { kind, member, atMs, durationMs: this.#lasting(300, 8_000) }
    }
  }

  #addLinkFaults(): void {
    const kinds = LINK_KINDS.filter((kind) => this.#kinds.has(kind))
    if (kinds.length === 0) return
    let atMs = FIRST_MS + this.#random.between(0, 2_000)
    while (atMs < this.#durationMs) {
      this.#faults.push(this.#linkFault(this.#random.pick(kinds), atMs))
      atMs += this.#random.between(2_000, 10_000)
    }
  }

  #linkFault(kind: LinkFaultKind, atMs: number): LinkFault {
    const shuffled = this.#shuffled()
    // A pair, one member and all others, or two groups.
    const firstEnd = this.#random.pick([1, 1, Math.max(1, Math.floor(this.#members / 2))])
    const isPair = firstEnd === 1 && this.#random.between(0, 1) === 1
    const between = [
      shuffled.slice(0, firstEnd).sort(),
      shuffled.slice(firstEnd, isPair ? 2 : undefined).sort(),
    ] as const
    const durationMs = this.#lasting(2_000, 25_000)
    const base = { kind, between, atMs, durationMs }
    switch (kind) {
      case 'delay':
        return { ...base, amount: this.#random.between(20, 400) }
      case 'throttle':
        return { ...base, amount: this.#random.between(8, 64) * 1024 }
      case 'loss':
        return { ...base, amount: this.#random.between(5, 30) / 100 }
      default:
        return base
    }
  }

  /** A duration; in a short run nothing lasts for more than a quarter of it. */
  #lasting(fromMs: number, toMs: number): number {
    const most = Math.max(fromMs, Math.min(toMs, this.#durationMs / 4))
    return Math.round(this.#between(fromMs, most))
  }

  #between(from: number, to: number): number {
    return from + this.#random.next() * (to - from)
  }

  #shuffled(): number[] {
    const members = Array.from({ length: this.#members }, (_, member) => member)
    for (let i = members.length - 1; i > 0; i -= 1) {
      const other = this.#random.between(0, i)
      const moved = members[i] as number
      members[i] = members[other] as number
      members[other] = moved
    }
    return members
  }
}

function overlap(one: Fault, other: Fault): boolean {
  return one.atMs < other.atMs + other.durationMs && other.atMs < one.atMs + one.durationMs
}
