import type { PastelId } from '@pastel-mesh/identity'
import type { Member } from './member-registry.ts'

/** A change in the life of a membership. */
export interface MemberEvent extends Member {
  readonly kind: 'joined' | 'left'
  readonly atMs: number
}

/** A time during which a PastelID was a member with one role: from `fromMs` (included) to `toMs` (not included). */
interface Tenure {
  readonly member: Member
  fromMs: number
  /** When it was noticed. */
  joinedAtMs: number
  toMs: number
}

export interface TenuresOptions {
  /** PastelIDs that left and are remembered; those that left first are forgotten first. @default 10,000 */
  readonly maxLeft?: number
}

/** Tenures of one PastelID that are remembered: see {@link shorten} for what becomes of more. */
const MAX_TENURES = 16
/** At some 200 bytes each, 2 MB. Whoever is forgotten was, as far as is known, never a member. */
const MAX_LEFT = 10_000

/**
 * Who was a member when. Of a PastelID that joins for the first time the registry knows that it belongs, and not
 * since when: operators add a new member at different times, and what it published in between would be lost at those
 * who were slow. So it counts as a member before that as well; from when it left until it came back, it does not.
 *
 * Of one PastelID sixteen tenures are remembered. Whoever came, went, or changed its role more often than that is
 * never taken for a member of a time when it was none; but of some early time when it was one, it may no more be.
 */
export class Tenures {
  readonly #maxLeft: number
  readonly #tenures = new Map<PastelId, Tenure[]>()
  readonly #current = new Map<PastelId, Member>()
  /** Those who left, in that order. */
  readonly #left = new Set<PastelId>()

  constructor(options: TenuresOptions = {}) {
    this.#maxLeft = options.maxLeft ?? MAX_LEFT
  }

  get current(): ReadonlyMap<PastelId, Member> {
    return this.#current
  }

  memberAt(pastelId: PastelId, timeMs: number): Member | undefined {
    const tenures = this.#tenures.get(pastelId)
    return tenures?.find(({ fromMs, toMs }) => timeMs >= fromMs && timeMs < toMs)?.member
  }

  /** @returns false if nothing changes: it joined already, with this role; or is no member */
  take(event: MemberEvent): boolean {
    const { kind, pastelId, role } = event
    const before = this.#current.get(pastelId)
    if (kind === 'joined' ? before?.role === role : before === undefined) return false
    const tenures = this.#tenures.get(pastelId) ?? []
    const last = tenures.at(-1)
    const { atMs } = event
    // The clock was ahead when it joined: who leaves now is gone now, not when that time comes.
    if (last !== undefined && last.joinedAtMs > atMs) {
      last.joinedAtMs = atMs
      last.fromMs = Math.min(last.fromMs, atMs)
    }
    if (before !== undefined && last !== undefined) last.toMs = atMs
    if (kind === 'left') {
      this.#current.delete(pastelId)
      this.#left.add(pastelId)
      this.#forget()
      return true
    }
    const member = { pastelId, role }
    const fromMs = last === undefined ? Number.NEGATIVE_INFINITY : atMs
    tenures.push({ member, fromMs, joinedAtMs: atMs, toMs: Number.POSITIVE_INFINITY })
    if (tenures.length > MAX_TENURES) shorten(tenures)
    this.#tenures.set(pastelId, tenures)
    this.#current.set(pastelId, member)
    this.#left.delete(pastelId)
    return true
  }

  /** What is remembered, as events that lead to it, in the order of their times. */
  events(): MemberEvent[] {
    const events: MemberEvent[] = []
    for (const tenures of this.#tenures.values()) {
      for (const [index, { member, joinedAtMs, toMs }] of tenures.entries()) {
        events.push({ kind: 'joined', ...member, atMs: joinedAtMs })
        // Another role begins where this one ends: the next event says so.
        const isGoing = tenures[index + 1]?.joinedAtMs !== toMs
        if (toMs !== Number.POSITIVE_INFINITY && isGoing) events.push({ kind: 'left', ...member, atMs: toMs })
      }
    }
    return events.sort((a, b) => a.atMs - b.atMs)
  }

  #forget(): void {
    for (const pastelId of this.#left) {
      if (this.#left.size <= this.#maxLeft) break
      this.#left.delete(pastelId)
      this.#tenures.delete(pastelId)
    }
  }
}

/**
 * Leaves one tenure less. The two oldest between which only the role changed become one, with the later role: who was
 * a member when stays exactly as it was. If there are none, the oldest but one goes, and its time is one when nobody
 * was a member. The first stays: it would else be the second that reaches back to the beginning when the history is
 * read again, with the times before it.
 */
function shorten(tenures: Tenure[]): void {
  const index = tenures.findIndex(({ toMs }, i) => tenures[i + 1]?.fromMs === toMs)
  const [earlier, later] = [tenures[index], tenures[index + 1]]
  if (earlier === undefined || later === undefined) {
    tenures.splice(1, 1)
    return
  }
  const { fromMs, joinedAtMs } = earlier
  tenures.splice(index, 2, { ...later, fromMs, joinedAtMs })
}
