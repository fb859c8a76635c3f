import type { LogId, SignedBatch } from '@pastel-mesh/protocol'
import type { CommitWriter } from './commit-writer.ts'
import type { HeldBatch, HeldBatches } from './held-batches.ts'
import type { LogTable } from './log-table.ts'
import type { Placement } from './placement.ts'

export interface HeldDrainComponents {
  readonly writer: CommitWriter
  readonly logs: LogTable
  readonly held: HeldBatches
  /** Puts a held batch where its log says, as one that came. */
  readonly place: (signed: SignedBatch, held: HeldBatch, secret: Uint8Array | undefined) => Promise<Placement>
}

/** Enters held batches into the order as soon as they need not wait any more, in the background. */
export class HeldDrain {
  readonly #parts: HeldDrainComponents
  /** By log: the last look at it. */
  readonly #looks = new Map<LogId, Promise<void>>()
  readonly #background = new Set<Promise<void>>()

  constructor(components: HeldDrainComponents) {
    this.#parts = components
  }

  /** Looks at a log of which a batch was held: its gap may have closed meanwhile. */
  lookAt(log: LogId): void {
    this.#inBackground(this.#drain(log))
  }

  /** Looks behind a log that has moved on: at its own held batches, and at the runs that follow it. */
  lookBehind(log: LogId): void {
    this.#inBackground(this.#drainBehind(log))
  }

  /** Looks at everything: after a start, and after a failed commit. */
  lookAtAll(): void {
    this.#inBackground(this.#drainAll())
  }

  /** Waits until everything that is held and need not wait has entered. */
  async settled(): Promise<void> {
    while (this.#background.size > 0) await Promise.all(this.#background)
  }

  #inBackground(work: Promise<void>): void {
    const done = work.finally(() => this.#background.delete(done))
    this.#background.add(done)
  }

  async #drainAll(): Promise<void> {
    for (const log of this.#parts.held.logs()) await this.#drain(log)
  }

  async #drainBehind(log: LogId): Promise<void> {
    await this.#drain(log)
    for (const follower of this.#parts.held.followersOf(log)) await this.#drain(follower)
  }

  /** One look at a log at a time. What fails is tried again at the next. */
  async #drain(log: LogId): Promise<void> {
    if (this.#parts.held.batches === 0) return
    const before = this.#looks.get(log) ?? Promise.resolve()
    const look = before.then(() => this.#enterResolved(log)).catch(() => {})
    this.#looks.set(log, look)
    await look
    if (this.#looks.get(log) === look) this.#looks.delete(log)
  }

  async #enterResolved(log: LogId): Promise<void> {
    const { held, writer } = this.#parts
    for (;;) {
      const first = await this.#nextResolved(log)
      if (first === undefined) return
      const signed = await this.#read(first)
      const placement =
        signed === undefined
          ? undefined
          : await this.#parts.place(signed, first, await held.readSecret(first))
      if (placement?.status === 'gap') return
      if (placement !== undefined && 'committed' in placement) await placement.committed
      else {
        await writer.commit((operations) => {
          operations.push(...held.remove(first))
        })
      }
    }
  }

  async #nextResolved(log: LogId): Promise<HeldBatch | undefined> {
    const { held, logs } = this.#parts
    for (const front of await held.frontsOf(log, logs)) if (await this.#isResolved(front)) return front
    return undefined
  }

  /** The batch itself; undefined if it has entered already, and only memory did not know. */
  async #read(batch: HeldBatch): Promise<SignedBatch | undefined> {
    const { held, writer } = this.#parts
    const signed = await held.read(batch)
    if (signed !== undefined) return signed
    // Its own commit may be on its way.
    await writer.flush()
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
