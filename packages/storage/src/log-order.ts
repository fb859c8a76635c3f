import { equalBytes, type SignedBatch } from '@pastel-mesh/protocol'
import type { Alerts, Evidence } from './alerts.ts'
import type { ArrivalReader } from './arrival-reader.ts'
import type { LostReason } from './arrival-record.ts'
import { type ChainVerdict, type Earlier, extendLog, judgeChain, type Missing, skipRange } from './chain.ts'
import type { CommitWriter } from './commit-writer.ts'
import { putOwnTip } from './entry-operations.ts'
import { evidenceAgainst } from './evidence-against.ts'
import type { HeldBatch, HeldBatches } from './held-batches.ts'
import { HeldDrain } from './held-drain.ts'
import { LateBatches } from './late-batches.ts'
import { followedBy, type LogNames, type LogState, namesOf, newLog } from './log-state.ts'
import type { LogTable } from './log-table.ts'
import type { LostRanges } from './lost-ranges.ts'
import { type OrderCommit, type Planned, plannedBatch } from './order-commit.ts'
import type { Placement, PlaceOptions } from './placement.ts'
import { assertSecret } from './sealed.ts'
import { followedUp, skipped } from './skipped-range.ts'
import type { StoredBatch, StoredEntry } from './stored-entry.ts'
import type { StoredValues } from './values.ts'

export interface LogOrderComponents {
  readonly writer: CommitWriter
  readonly reader: ArrivalReader
  readonly logs: LogTable
  readonly held: HeldBatches
  readonly lost: LostRanges
  readonly alerts: Alerts
  readonly commit: OrderCommit
  readonly values: StoredValues
  /** @throws StorageError ERR_DISK_RESERVE */
  readonly assertRoom: () => void
}

/** What proves it is on the disk. */
interface Contradiction {
  readonly verdict: 'contradiction'
  readonly reason: string
  readonly rival: HeldBatch | undefined
}

/** What a judgement needs before it can end: something from the disk. */
type Unsettled =
  | Contradiction
  | Extract<ChainVerdict, { verdict: 'look' }>
  | { readonly verdict: 'taken'; readonly inFlight: boolean; readonly epoch: number }

/** What was found on the disk since the first judgement. */
interface Found {
  /** What stands before it; how many late batches were begun before that was looked up. */
  earlier?: { readonly is: Earlier; readonly late: number }
  /** Its log is to be frozen, with what proves the contradiction. */
  contradiction?: { readonly reason: string; readonly evidence: Evidence }
}

/**
 * The life of each log in the arrival order.
 *
 * ```
 *              batch in sequence ┌───┐
 *                                │   ▼    batch after a gap: held          gap filled: the held batches enter
 *   unknown ── first batch ──▶ in sequence ───────────────────▶ waiting ──────────────────────▶ in sequence
 *                                │                                │ given up: an entry `lost`, then the held ones
 *                                │                                └───────────────────────────▶ in sequence
 *                                │   a batch that contradicts it (also while waiting)
 *                                └─────────────────────────────▶ frozen: nothing more is taken in
 * ```
 *
 * What was given up for lost and turns up after all enters at the end, in sequence, as `late`.
 */
export class LogOrder {
  readonly #parts: LogOrderComponents
  readonly #late: LateBatches
  readonly #drain: HeldDrain

  /** Unknown logs were pruned if they are not younger, in ms since 1970. */
  prunedBeforeMs = 0

  constructor(components: LogOrderComponents) {
    this.#parts = components
    this.#late = new LateBatches(components)
    this.#drain = new HeldDrain({
      ...components,
      place: (signed, held, secret) => this.#place(signed, secret === undefined ? {} : { secret }, held),
    })
  }

  async place(signed: SignedBatch, options: PlaceOptions = {}): Promise<Placement> {
    if (options.secret !== undefined) assertSecret(signed, options.secret)
    if (options.values !== undefined) await this.#parts.values.ready()
    return this.#place(signed, options, undefined)
  }

  /** Whether this very batch is in the order. */
  async isStored(signed: SignedBatch): Promise<boolean> {
    // What its log does not reach is not stored: for new batches memory has the answer.
    const state = await this.#parts.logs.load(signed.log, signed.logBytes)
    if (state === undefined || signed.batch.first >= state.next) return false
    const record = await this.#parts.reader.logPosition(signed.logBytes, signed.batch.first)
    return record !== undefined && equalBytes(record.hash, signed.hash)
  }

  /** What is missing before held batches, the oldest of each log: at most `limit`. */
  async gaps(limit: number): Promise<Missing[]> {
    const { held, logs } = this.#parts
    const gaps = new Map<string, Missing>()
    for (const log of held.logs()) {
      if (gaps.size >= limit) break
      for (const first of await held.frontsOf(log, logs)) {
        const names = first.follows ?? first
        const state = await logs.load(names.id, names.bytes)
        const next = state?.next ?? 0
        const last = this.#lastMissing(names.id, next, first.follows?.head ?? first.first - 1)
        if (next > last || state?.isFrozen === true) continue
        const { id, bytes, sender, channel, run } = names
        gaps.set(id, { id, bytes, sender, channel, run, first: next, last })
      }
    }
    return [...gaps.values()]
  }

  /**
   * Goes on without a range at the end of a log; what waits for it enters the order.
   * @returns the entry that says so; undefined if the range is not missing any more
   */
  async giveUp(missing: Missing, reason: LostReason): Promise<StoredEntry | undefined> {
    const committed = await this.#parts.logs.consult([missing], ([state]) => {
      const next = state?.next ?? 0
      const last = this.#lastMissing(missing.id, next, missing.last)
      if (state?.isFrozen === true || next > last || next < missing.first) return undefined
      const entries = [skipped(missing, state, last, reason)]
      return this.#parts.commit.write({ entries, states: [skipRange(missing, state, last)] })
    })
    if (committed === undefined) return undefined
    const [entry] = await committed
    this.#drain.lookBehind(missing.id)
    return entry
  }

  /** Before memory is changed for a commit, for it may be refused. */
  #assertOpen(): void {
    const { writer } = this.#parts
    if (!writer.isOpen) throw writer.unavailable()
  }

  /** A gap ends where something is held. */
  #lastMissing(log: LogNames['id'], next: number, last: number): number {
    const held = this.#parts.held.firstOf(log, next)
    return held === undefined ? last : Math.min(last, held.first - 1)
  }

  /** Enters what is held and need not wait any more: after a start, and after a failed commit. */
  resume(): void {
    this.#drain.lookAtAll()
  }

  /** Waits until everything that is held and need not wait has entered. */
  async settled(): Promise<void> {
    await this.#drain.settled()
  }

  async #place(signed: SignedBatch, options: PlaceOptions, held: HeldBatch | undefined): Promise<Placement> {
    const { logs } = this.#parts
    const names: LogNames[] = [namesOf(signed)]
    const followed = followedBy(signed)
    if (followed !== undefined) names.push(followed)
    const found: Found = {}
    for (;;) {
      const judged = await logs.consult(names, ([state, followedState]) =>
        // Nothing waits between what is judged here and its commit.
        this.#judge(signed, { state, followed: followedState }, found, options, held),
      )
      if ('status' in judged) return judged
      if (judged.verdict === 'look') {
        const late = this.#late.begun
        // Memory, which says that there is something, is ahead of the disk.
        await this.#parts.writer.flush()
        const is = await this.#parts.reader.batchEndingAt(judged.log.bytes, judged.last)
        found.earlier = { is, late }
      } else if (judged.verdict === 'contradiction') {
        const evidence = await evidenceAgainst(signed, this.#parts, judged.rival)
        found.contradiction = { reason: judged.reason, evidence }
      } else {
        const placement = await this.#settleTaken(signed, judged, found, options, held)
        if (placement !== undefined) return placement
      }
    }
  }

  #judge(
    signed: SignedBatch,
    { state, followed }: { state: LogState | undefined; followed: LogState | undefined },
    { earlier, contradiction }: Found,
    options: PlaceOptions,
    held: HeldBatch | undefined,
  ): Placement | Unsettled {
    const { batch } = signed
    if (state === undefined && batch.createdAtMs <= this.prunedBeforeMs) return { status: 'pruned' }
    if (state?.isFrozen === true) return { status: 'frozen' }
    if (contradiction !== undefined) return this.#freeze(signed, state, contradiction)
    // Only what is not there may come since.
    const isOutdated = earlier?.is.kind === 'nothing' && earlier.late !== this.#late.begun
    const judged = judgeChain(signed, state, followed, isOutdated ? undefined : earlier?.is)
    // What is held takes its room already.
    if (held === undefined && (judged.verdict === 'next' || judged.verdict === 'gap'))
      this.#parts.assertRoom()
    switch (judged.verdict) {
      case 'next':
        return this.#enter(signed, { state, followed }, { ...options, fork: judged.fork, skip: [] })
      case 'gap':
        if (options.carried === true || batch.createdAtMs < (options.wantedSinceMs ?? 0)) {
          return this.#enterBehind(signed, { state, followed }, judged.missing, options, held)
        }
        return this.#hold(signed, judged.missing, options, held)
      case 'contradiction':
        return { ...judged, rival: undefined }
      case 'taken':
        return {
          verdict: 'taken',
          inFlight: this.#parts.logs.isInFlight(signed.log),
          epoch: this.#parts.logs.epoch,
        }
      case 'frozen':
        return { status: 'frozen' }
      case 'look':
        return judged
    }
  }

  /** It enters the order, behind the ranges that are skipped before it. */
  #enter(
    signed: SignedBatch,
    { state, followed }: { state: LogState | undefined; followed: LogState | undefined },
    options: PlaceOptions & { fork: string | undefined; skip: readonly Planned[] },
  ): Placement {
    const { commit, held, alerts, values } = this.#parts
    this.#assertOpen()
    const taken = values.take(options.values ?? [])
    const { batch } = signed
    const entries = [...options.skip]
    const states = [extendLog(signed, state)]
    if (state === undefined && batch.follows !== undefined && followed !== undefined) {
      const { head } = batch.follows
      let next = followed
      if (followed.next <= head) {
        entries.push(skipped(followed, followed, head, 'frozen'))
        next = skipRange(followed, followed, head)
      }
      states.push(followedUp(next, signed))
    }
    entries.push(plannedBatch(signed, options))
    // One alert a log: what the placer says of it is more than that it branches. That an own one does was told
    // when what it branches from came.
    const fork = options.own === true ? undefined : options.fork
    const alert = options.alert ?? (fork === undefined ? undefined : { kind: 'fork' as const, reason: fork })
    const noted = alert === undefined ? [] : [alerts.note(alert.kind, signed, alert.reason)]
    const waiting = held.has(signed) ? held.overlapping(signed) : undefined
    const operations = [
      ...taken,
      ...noted.flatMap((note) => note.operations),
      ...(waiting === undefined ? [] : held.remove(waiting)),
      ...(options.own === true && batch.first === 0
        ? [putOwnTip(batch.sender, batch.channel, batch.run)]
        : []),
    ]
    const committed = commit.write({ entries, states, operations }).then((written) => {
      for (const { tell } of noted) tell()
      this.#drain.lookBehind(signed.log)
      return written.at(-1) as StoredBatch
    })
    return { status: 'appended', committed }
  }

  /** What is missing before it is older than what is wanted: the order goes on without it. */
  #enterBehind(
    signed: SignedBatch,
    { state, followed }: { state: LogState | undefined; followed: LogState | undefined },
    missing: Missing,
    options: PlaceOptions,
    held: HeldBatch | undefined,
  ): Placement | Unsettled {
    const isOwn = missing.id === signed.log
    const before = isOwn ? state : followed
    const { carried = false } = options
    // What is held in between enters late, if what is carried comes before it.
    const last = carried ? missing.last : this.#lastMissing(missing.id, before?.next ?? 0, missing.last)
    const skip = last < missing.first ? [] : [skipped(missing, before, last, 'before-history', carried)]
    const after = skip.length === 0 ? before : skipRange(missing, before, last)
    if (last === missing.last) {
      const states = isOwn ? { state: after, followed } : { state, followed: after }
      return this.#enter(signed, states, { ...options, fork: undefined, skip })
    }
    // Something is held in between: it enters first.
    const placement = this.#hold(signed, missing, options, held)
    if (skip.length > 0 && after !== undefined) {
      this.#parts.commit.write({ entries: skip, states: [after] }).then(
        () => this.#drain.lookBehind(missing.id),
        () => {},
      )
    }
    return placement
  }

  #hold(
    signed: SignedBatch,
    missing: Missing,
    { alert, secret }: PlaceOptions,
    isHeld: HeldBatch | undefined,
  ): Placement | Contradiction {
    const { alerts, held, writer } = this.#parts
    if (isHeld !== undefined) return { status: 'gap', missing }
    if (held.has(signed)) return { status: 'known' }
    const rival = held.overlapping(signed)
    if (rival !== undefined) {
      return { verdict: 'contradiction', reason: 'another batch is held at its positions', rival }
    }
    if (held.followsItself(signed)) {
      return { verdict: 'contradiction', reason: 'runs follow each other in a circle', rival: undefined }
    }
    if (!held.hasRoomFor(signed)) return { status: 'gap', missing }
    this.#assertOpen()
    const put = held.add(signed, secret)
    const noted = alert && alerts.note(alert.kind, signed, alert.reason)
    const committed = writer.commit((operations) => {
      operations.push(...put, ...(noted?.operations ?? []))
    })
    const done = committed.then(() => {
      noted?.tell()
      // The gap may have closed meanwhile.
      this.#drain.lookAt(signed.log)
    })
    return { status: 'held', missing, committed: done }
  }

  /** Nothing more of its log is taken in; what is known to exist of it is lost. */
  #freeze(
    signed: SignedBatch,
    state: LogState | undefined,
    { reason, evidence }: { reason: string; evidence: Evidence },
  ): Placement {
    const { commit, held, alerts } = this.#parts
    this.#assertOpen()
    const names = namesOf(signed)
    const before = state ?? newLog(names)
    const end = Math.max(before.next, signed.batch.first + signed.batch.count, held.endOf(signed.log))
    const noted = alerts.note('frozen', signed, reason, evidence)
    const entries = end > before.next ? [skipped(names, before, end - 1, 'frozen')] : []
    const states = [{ ...before, next: end, isFrozen: true }]
    const operations = [...noted.operations, ...held.removeAll(signed.log)]
    const committed = commit.write({ entries, states, operations }).then(() => {
      noted.tell()
      this.#drain.lookBehind(signed.log)
    })
    return { status: 'conflict', reason, committed }
  }

  /** What stands at the positions of a batch: itself, another, or nothing any more. */
  async #settleTaken(
    signed: SignedBatch,
    { inFlight, epoch }: { inFlight: boolean; epoch: number },
    found: Found,
    options: PlaceOptions,
    held: HeldBatch | undefined,
  ): Promise<Placement | undefined> {
    const { writer, logs, lost, reader } = this.#parts
    if (await this.isStored(signed)) return { status: 'known' }
    if (inFlight) {
      // Commits are written in order: those that took the positions are through then.
      await writer.flush()
      if (await this.isStored(signed)) return { status: 'known' }
    }
    // What had taken the positions was not written.
    if (epoch !== logs.epoch) return undefined
    const { first, count } = signed.batch
    const range = await lost.find({ id: signed.log, bytes: signed.logBytes }, first)
    if (range !== undefined && first >= range.next) {
      const outcome = await this.#late.enter(signed, options)
      if (outcome === undefined || 'status' in outcome) return outcome
      if ('contradiction' in outcome) {
        found.contradiction = outcome.contradiction
        return undefined
      }
      const placement = this.#hold(signed, outcome.hold, options, held)
      if ('status' in placement) return placement
      const evidence = await evidenceAgainst(signed, this.#parts, placement.rival)
      found.contradiction = { reason: placement.reason, evidence }
      return undefined
    }
    const rival = await reader.batchWithin(signed.logBytes, first, first + count - 1)
    if (rival === undefined) return { status: 'pruned' }
    // Another copy came in since this one was looked for.
    if (equalBytes(rival.signed.hash, signed.hash)) return { status: 'known' }
    const reason = 'another batch is stored at its positions'
    found.contradiction = { reason, evidence: [rival.envelope, signed.envelope] }
    return undefined
  }
}
