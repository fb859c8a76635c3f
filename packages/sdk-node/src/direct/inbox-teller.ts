import type { PastelId } from '@pastel-mesh/identity'
import type { LogRange, SignedBatch } from '@pastel-mesh/protocol'
import { pastelIdOf } from '../pastel-id-of.ts'
import type { DirectPeers } from './direct-peers.ts'
import type { EnteredRanges } from './entered-ranges.ts'
import { inFrames } from './frame-room.ts'
import type { InboxRanges } from './inbox-ranges.ts'
import type { ReceiptMaker } from './receipt-maker.ts'

export interface InboxTellerComponents {
  readonly inbox: InboxRanges
  readonly entered: EnteredRanges
  readonly maker: ReceiptMaker
  readonly peers: DirectPeers
}

/** What comes together is told together. */
const GATHER_MS = 50
/** Ranges that wait to be told; above it the senders ask when they meet this node. */
const MAX_RANGES = 4_096

/**
 * Tells of what came to this node's inbox by log sync: its sender, if it is there, and the mailbox that it came from.
 * Those who leave a batch here themselves have the receipt in the answer, and whoever is not there now asks later.
 */
export class InboxTeller {
  readonly #components: InboxTellerComponents
  readonly #due = new Map<string, { readonly name: PastelId; readonly ranges: LogRange[] }>()
  /** Those who are being told: more waits until they have answered. */
  readonly #busy = new Set<PastelId>()
  #count = 0
  #timer: NodeJS.Timeout | undefined
  #telling: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(components: InboxTellerComponents) {
    this.#components = components
  }

  /** A batch to this node's inbox is on disk. @param from who gave it; undefined: nobody knows */
  arrived({ log, batch }: SignedBatch, from: PastelId | undefined): void {
    const range = { log, first: batch.first, last: batch.first + batch.count - 1 }
    const sender = pastelIdOf(batch.sender)
    for (const name of new Set([sender, from])) {
      if (name === undefined || this.#count >= MAX_RANGES || !this.#components.peers.isConnected(name))
        continue
      // A receipt is of one sender's messages: a mailbox hands it on to that one.
      const key = `${name} ${sender}`
      const due = this.#due.get(key) ?? { name, ranges: [] }
      due.ranges.push(range)
      this.#due.set(key, due)
      this.#count += 1
    }
    this.#schedule()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    this.#due.clear()
    await this.#telling
  }

  #tell(): void {
    this.#timer = undefined
    for (const [key, { name, ranges }] of this.#due) {
      if (this.#busy.has(name)) continue
      this.#due.delete(key)
      this.#count -= ranges.length
      this.#busy.add(name)
      const told = this.#tellOne(name, ranges)
        // It asks when it meets this node again.
        .catch(() => {})
        .finally(() => {
          this.#busy.delete(name)
          this.#schedule()
        })
      this.#telling = Promise.all([this.#telling, told]).then(() => {})
    }
  }

  #schedule(): void {
    if (this.#due.size > 0 && !this.#isStopped) this.#timer ??= setTimeout(() => this.#tell(), GATHER_MS)
  }

  async #tellOne(name: PastelId, ranges: readonly LogRange[]): Promise<void> {
    const { inbox, entered, maker, peers } = this.#components
    const known = (await Promise.all(ranges.map((range) => inbox.of(range)))).flat()
    // The last of a stretch speaks for those before it.
    const wholes = known.map((range) => entered.add(range))
    const said = new Map(wholes.map((whole) => [`${whole.log} ${whole.outcome} ${whole.first}`, whole]))
    for (const receipts of inFrames(await maker.make([...said.values()]))) {
      await peers.ask(name, { kind: 'receipts', receipts })
    }
  }
}
