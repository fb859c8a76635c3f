import { equalBytes, type MessageContent, type SignedBatch } from '@pastel-mesh/protocol'
import type { AlertKind, Alerts, Evidence } from './alerts.ts'
import type { ArrivalReader } from './arrival-reader.ts'
import type { LostReason } from './arrival-record.ts'
import { type ChainVerdict, type Earlier, extendLog, judgeChain, type Missing, skipRange } from './chain.ts'
import type { CommitWriter } from './commit-writer.ts'
import { putOwnTip } from './entry-operations.ts'
import type { HeldBatch, HeldBatches } from './held-batches.ts'
import { followedBy, type LogNames, type LogState, newLog } from './log-state.ts'
import type { LogTable } from './log-table.ts'
import type { LostRange, LostRanges } from './lost-ranges.ts'
import type { OrderCommit, Planned } from './order-commit.ts'
import type { StoredBatch, StoredEntry } from './stored-entry.ts'

export interface PlaceOptions {
  /** This node wrote it: the log becomes the one that its next run follows. */
  readonly own?: boolean
  /** Its messages, if they are decoded already. */
  readonly messages?: readonly MessageContent[]
  /**
   * Of batches that were created before, what is before them is not waited for, in ms since 1970.
   * @default 0
   */
  readonly wantedSinceMs?: number
  /** Something about it that the operator is told when it is stored. */
  readonly alert?: { readonly kind: AlertKind; readonly reason: string }
}

/** What became of a batch that was offered to the store. */
export type Placement =
  /** It continues its log, or fills a lost range. `committed` fails if the commit does. */
  | {
      readonly status: 'appended'
      /** @throws StorageError ERR_COMMIT_FAILED: it is stored only if `has` says so after the reopening */
      readonly committed: Promise<StoredBatch>
    }
  /** It is stored already, or held. */
  | { readonly status: 'known' }
  /** It was stored once, or is older than what is wanted: it is not new. */
  | { readonly status: 'pruned' }
  /** These messages must come first; it waits for them on disk, and is not in the order yet. */
  | { readonly status: 'held'; readonly missing: Missing; readonly committed: Promise<void> }
  /** These messages must come first, and there is no room to hold it: it is not stored. */
  | { readonly status: 'gap'; readonly missing: Missing }
  /** It contradicts what its sender signed before. Its log is frozen. */
  | { readonly status: 'conflict'; readonly reason: string; readonly committed: Promise<void> }
  /** Its log is frozen: it is not stored. */
  | { readonly status: 'frozen' }

export interface LogOrderComponents {
  readonly writer: CommitWriter
  readonly reader: ArrivalReader
  readonly logs: LogTable
  readonly held: HeldBatches
  readonly lost: LostRanges
  readonly alerts: Alerts
  readonly commit: OrderCommit
  /** @throws StorageError ERR_DISK_RESERVE */
  readonly assertRoom: () => void
}

/** What a judgement needs before it can end: something from the disk. */
type Unsettled =
  | Extract<ChainVerdict, { verdict: 'look' }>
  | { readonly verdict: 'taken'; readonly inFlight: boolean; readonly epoch: number }
  | { readonly verdict: 'contradiction'; readonly reason: string; readonly rival: HeldBatch | undefined }

/** What was found on the disk since the first judgement. */
interface Found {
  earlier?: Earlier
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
  readonly #draining = new Map<string, Promise<void>>()
  /** What goes on after its caller was answered. */
  readonly #background = new Set<Promise<void>>()
  /** Late batches are placed one after the other: they are few. */
  #late: Promise<unknown> = Promise.resolve()

  /** Unknown logs were pruned if they are not younger, in ms since 1970. */
  prunedBeforeMs = 0

  constructor(components: LogOrderComponents) {
    this.#parts = components
  }

  place(signed: SignedBatch, options: PlaceOptions = {}): Promise<Placement> {
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
      const first = held.firstOf(log)
      if (first === undefined) continue
      const names = first.follows ?? first
      const last = this.#lastMissing(names.id, first.follows?.head ?? first.first - 1)
      const state = await logs.load(names.id, names.bytes)
      const next = state?.next ?? 0
      if (next > last || state?.isFrozen === true) continue
      const { id, bytes, sender, channel, run } = names
      gaps.set(id, { id, bytes, sender, channel, run, first: next, last })
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
      const last = this.#lastMissing(missing.id, missing.last)
      if (state?.isFrozen === true || next > last || next < missing.first) return undefined
      const entries = [skipped(missing, state, last, reason)]
      return this.#parts.commit.write({ entries, states: [skipRange(missing, state, last)] })
    })
    if (committed === undefined) return undefined
    const [entry] = await committed
    await this.#drainBehind(missing)
    return entry
  }

  /** A gap ends where something is held. */
  #lastMissing(log: LogNames['id'], last: number): number {
    const held = this.#parts.held.firstOf(log)
    return held === undefined ? last : Math.min(last, held.first - 1)
  }

  /** Enters what is held and need not wait any more: after a start, and after a failed commit. */
  resume(): void {
    this.#inBackground(this.#drainAll())
  }

  /** Waits until everything that is held and need not wait has entered. */
  async settled(): Promise<void> {
    while (this.#background.size > 0) await Promise.all(this.#background)
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
        found.earlier = await this.#parts.reader.batchEndingAt(judged.log.bytes, judged.last)
      } else if (judged.verdict === 'contradiction') {
        const evidence = await this.#evidence(signed, judged.rival)
        found.contradiction = { reason: judged.reason, evidence }
      } else {
        const placement = await this.#settleTaken(signed, judged, found, options)
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
    const judged = judgeChain(signed, state, followed, earlier)
    // What is held takes its room already.
    if (held === undefined && (judged.verdict === 'next' || judged.verdict === 'gap'))
      this.#parts.assertRoom()
    switch (judged.verdict) {
      case 'next':
        return this.#enter(signed, { state, followed }, { ...options, fork: judged.fork, skip: [] })
      case 'gap':
        if (batch.createdAtMs < (options.wantedSinceMs ?? 0)) {
          return this.#enterBehind(signed, { state, followed }, judged.missing, options)
        }
        return this.#hold(signed, judged.missing, held)
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
    const { commit, held, alerts } = this.#parts
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
      const successor = followed.successor ?? { log: new Uint8Array(signed.logBytes), head }
      states.push({ ...next, successor })
    }
    entries.push({ batch: signed, messages: options.messages })
    const noted = [
      ...(options.fork === undefined ? [] : [alerts.note('fork', signed, options.fork)]),
      ...(options.alert === undefined ? [] : [alerts.note(options.alert.kind, signed, options.alert.reason)]),
    ]
    const waiting = held.has(signed) ? held.overlapping(signed) : undefined
    const operations = [
      ...noted.flatMap((note) => note.operations),
      ...(waiting === undefined ? [] : [held.remove(waiting)]),
      ...(options.own === true && batch.first === 0
        ? [putOwnTip(batch.sender, batch.channel, batch.run)]
        : []),
    ]
    const committed = commit.write({ entries, states, operations }).then((written) => {
      for (const { tell } of noted) tell()
      this.#inBackground(this.#drainBehind(namesOf(signed)))
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
  ): Placement {
    if (missing.id === signed.log) {
      const skip = [skipped(missing, state, missing.last, 'before-history')]
      return this.#enter(
        signed,
        { state: skipRange(missing, state, missing.last), followed },
        { ...options, fork: undefined, skip },
      )
    }
    const skip = [skipped(missing, followed, missing.last, 'before-history')]
    return this.#enter(
      signed,
      { state, followed: skipRange(missing, followed, missing.last) },
      { ...options, fork: undefined, skip },
    )
  }

  #hold(signed: SignedBatch, missing: Missing, isHeld: HeldBatch | undefined): Placement | Unsettled {
    const { held, writer } = this.#parts
    if (isHeld !== undefined) return { status: 'gap', missing }
    if (held.has(signed)) return { status: 'known' }
    const rival = held.overlapping(signed)
    if (rival !== undefined) {
      return { verdict: 'contradiction', reason: 'another batch is held at its positions', rival }
    }
    if (!held.hasRoomFor(signed)) return { status: 'gap', missing }
    if (!writer.isOpen) throw writer.unavailable()
    const put = held.add(signed)
    const committed = writer.commit((operations) => {
      operations.push(put)
    })
    // The gap may have closed meanwhile.
    const done = committed.then(() => this.#inBackground(this.#drain(signed.log)))
    return { status: 'held', missing, committed: done }
  }

  /** Nothing more of its log is taken in; what is known to exist of it is lost. */
  #freeze(
    signed: SignedBatch,
    state: LogState | undefined,
    { reason, evidence }: { reason: string; evidence: Evidence },
  ): Placement {
    const { commit, held, alerts } = this.#parts
    const names = namesOf(signed)
    const before = state ?? newLog(names)
    const end = Math.max(before.next, signed.batch.first + signed.batch.count, held.endOf(signed.log))
    const noted = alerts.note('frozen', signed, reason, evidence)
    const entries = end > before.next ? [skipped(names, before, end - 1, 'frozen')] : []
    const states = [{ ...before, next: end, isFrozen: true }]
    const operations = [...noted.operations, ...held.removeAll(signed.log)]
    const committed = commit.write({ entries, states, operations }).then(() => {
      noted.tell()
      this.#inBackground(this.#drainBehind(names))
    })
    return { status: 'conflict', reason, committed }
  }

  /** What stands at the positions of a batch: itself, another, or nothing any more. */
  async #settleTaken(
    signed: SignedBatch,
    { inFlight, epoch }: { inFlight: boolean; epoch: number },
    found: Found,
    options: PlaceOptions,
  ): Promise<Placement | undefined> {
    const { writer, logs, lost, reader } = this.#parts
    if (await this.isStored(signed)) return { status: 'known' }
    if (inFlight) {
      // Commits are written in order: when this one is through, so are those that took the positions.
      await writer.commit(() => {})
      if (await this.isStored(signed)) return { status: 'known' }
    }
    // What had taken the positions was not written.
    if (epoch !== logs.epoch) return undefined
    const { first, count } = signed.batch
    const range = await lost.find({ id: signed.log, bytes: signed.logBytes }, first)
    if (range !== undefined && first >= range.next)
      return this.#enterLate(signed, range.first, found, options)
    const rival = await reader.batchWithin(signed.logBytes, first, first + count - 1)
    if (rival === undefined) return { status: 'pruned' }
    const reason = 'another batch is stored at its positions'
    found.contradiction = { reason, evidence: [rival.envelope, signed.envelope] }
    return undefined
  }

  /** It is of a range that was given up for lost: it enters at the end, in sequence with the rest of the range. */
  async #enterLate(
    signed: SignedBatch,
    first: number,
    found: Found,
    { wantedSinceMs = 0, messages }: PlaceOptions,
  ): Promise<Placement | undefined> {
    const turn = this.#late.then(async (): Promise<Placement | undefined> => {
      const { batch } = signed
      const range = await this.#parts.lost.find(namesOf(signed), first)
      // Another copy was faster.
      if (range === undefined || range.next > batch.first) return undefined
      if (batch.createdAtMs < wantedSinceMs) return { status: 'pruned' }
      if (batch.first > range.next) {
        return { status: 'gap', missing: { ...namesOf(signed), first: range.next, last: batch.first - 1 } }
      }
      const reason = await this.#contradictionAround(signed, range)
      if (reason !== undefined) {
        found.contradiction = { reason, evidence: await this.#evidence(signed, undefined) }
        return undefined
      }
      const begun = await this.#writeLate(signed, range, messages)
      if (begun === undefined) return undefined
      await begun.committed
      return { status: 'appended', ...begun }
    })
    this.#late = turn.catch(() => {})
    return turn
  }

  #writeLate(
    signed: SignedBatch,
    range: LostRange,
    messages: readonly MessageContent[] | undefined,
  ): Promise<{ committed: Promise<StoredBatch> } | undefined> {
    const { logs, lost, commit } = this.#parts
    return logs.consult([namesOf(signed)], ([state]) => {
      if (state === undefined || state.isFrozen) return undefined
      this.#parts.assertRoom()
      const extended = extendLog(signed, state)
      const isHead = extended.stored > state.stored
      const states = isHead ? [{ ...extended, next: state.next }] : []
      const operations = [lost.advance(range, extended.next, signed.hash)]
      const entries = [{ batch: signed, lostAt: range.lostAt, messages }]
      const written = commit.write({ entries, states, operations })
      return { committed: written.then(([entry]) => entry as StoredBatch) }
    })
  }

  /** How a late batch contradicts what is stored before and behind the range. */
  async #contradictionAround(signed: SignedBatch, range: LostRange): Promise<string | undefined> {
    const { previous, first, count } = signed.batch
    const end = first + count
    if (end - 1 > range.last) return 'it reaches over what is stored behind it'
    if (range.previous !== undefined && !equalBytes(previous, range.previous)) {
      return 'it names another predecessor than the one that is stored'
    }
    if (end - 1 < range.last) return undefined
    const behind = await this.#batchBehind(signed, end)
    const fits = behind === undefined || equalBytes(behind.signed.batch.previous, signed.hash)
    return fits ? undefined : 'the batch behind it names another predecessor'
  }

  /** The batch that comes after a position: of the same log, or of the one that follows it. */
  async #batchBehind(signed: SignedBatch, position: number): Promise<StoredBatch | undefined> {
    const { reader, logs } = this.#parts
    const state = await logs.load(signed.log, signed.logBytes)
    if (state !== undefined && position < state.next) {
      return reader.batchWithin(signed.logBytes, position, position)
    }
    if (state?.successor === undefined || state.successor.head !== position - 1) return undefined
    return reader.batchWithin(state.successor.log, 0, 0)
  }

  /** The batch that was there first, and the one that contradicts it. */
  async #evidence(signed: SignedBatch, rival: HeldBatch | undefined): Promise<Evidence> {
    const { held, reader } = this.#parts
    const { batch, logBytes } = signed
    const followed = followedBy(signed)
    const other =
      rival !== undefined
        ? (await held.read(rival))?.envelope
        : batch.first > 0
          ? (await reader.batchWithin(logBytes, batch.first - 1, batch.first + batch.count - 1))?.envelope
          : followed !== undefined && batch.follows !== undefined
            ? (await reader.batchWithin(followed.bytes, batch.follows.head, batch.follows.head))?.envelope
            : undefined
    return other === undefined ? [signed.envelope] : [other, signed.envelope]
  }

  #inBackground(work: Promise<void>): void {
    const done = work.finally(() => this.#background.delete(done))
    this.#background.add(done)
  }

  async #drainAll(): Promise<void> {
    for (const log of this.#parts.held.logs()) await this.#drain(log)
  }

  async #drainBehind({ id }: Pick<LogNames, 'id'>): Promise<void> {
    await this.#drain(id)
    for (const follower of this.#parts.held.followersOf(id)) await this.#drain(follower)
  }

  /** Enters the held batches of a log that need not wait any more. What fails is tried again with the next batch. */
  async #drain(log: string): Promise<void> {
    if (this.#parts.held.batches === 0) return
    const running = this.#draining.get(log) ?? Promise.resolve()
    const turn = running.then(() => this.#drainNow(log as LogNames['id'])).catch(() => {})
    this.#draining.set(log, turn)
    await turn
    if (this.#draining.get(log) === turn) this.#draining.delete(log)
  }

  async #drainNow(log: LogNames['id']): Promise<void> {
    const { held, writer } = this.#parts
    for (;;) {
      const first = held.firstOf(log)
      if (first === undefined || !(await this.#isResolved(first))) return
      const signed = await this.#readHeld(first)
      const placement = signed === undefined ? undefined : await this.#place(signed, {}, first)
      if (placement?.status === 'gap') return
      if (placement !== undefined && 'committed' in placement) await placement.committed
      else {
        await writer.commit((operations) => {
          operations.push(held.remove(first))
        })
      }
    }
  }

  /** The batch itself; undefined if it has entered already, and only memory did not know. */
  async #readHeld(batch: HeldBatch): Promise<SignedBatch | undefined> {
    const { held, writer } = this.#parts
    const signed = await held.read(batch)
    if (signed !== undefined) return signed
    // Its own commit may be on its way.
    await writer.commit(() => {})
    return held.read(batch)
  }

  /** Whether a held batch need not wait any more. */
  async #isResolved({ id, bytes, first, follows }: HeldBatch): Promise<boolean> {
    const names = follows ?? { id, bytes }
    const state = await this.#parts.logs.load(names.id, names.bytes)
    const last = follows?.head ?? first - 1
    return state?.isFrozen === true || (state?.next ?? 0) > last
  }
}

function namesOf({ batch, log, logBytes }: SignedBatch): LogNames {
  const { sender, channel, run } = batch
  return { id: log, bytes: logBytes, sender, channel, run }
}

/** The entry for a range at the end of a log that the order goes on without. */
function skipped(
  { id, bytes, sender, channel, run }: LogNames,
  state: LogState | undefined,
  last: number,
  reason: LostReason,
): Planned {
  const names = { id, bytes: new Uint8Array(bytes), sender: new Uint8Array(sender), channel, run }
  const notice = { log: id, sender: names.sender, channel, first: state?.next ?? 0, last, reason }
  if (reason === 'frozen') return { notice, names }
  const isKnown = state !== undefined && state.stored > 0 && state.stored === state.next
  return { notice, names, remember: isKnown ? { previous: state.headHash } : {} }
}
