import { setTimeout as delay } from 'node:timers/promises'
import type { PastelId } from '@pastel-mesh/identity'
import type { MessageStore, StoredBatch } from '@pastel-mesh/storage'
import { FrameRoom } from './frame-room.ts'
import { WANTED_MAILBOXES } from './mailboxes.ts'

/** Batches that one question holds, and the places before and behind them in the arrival order. */
interface Page {
  readonly batches: readonly StoredBatch[]
  readonly from: number
  readonly next: number
}

export interface RecipientDeliveryComponents {
  readonly store: MessageStore
  /** The node's own public key. */
  readonly own: Uint8Array
  readonly recipient: PastelId
  /** Whether there is a connection to somebody. */
  readonly isConnected: (name: PastelId) => boolean
  /** Connects to somebody if an address is known. @throws if that fails */
  readonly connect: (name: PastelId, signal: AbortSignal) => Promise<void>
  /**
   * Gives batches to somebody who is connected, and takes in the receipts.
   * @returns ranges that it holds now and did not before, if it is not the recipient
   * @throws if that fails
   */
  readonly give: (name: PastelId, batches: readonly StoredBatch[]) => Promise<number>
  /** Asks somebody who is connected for receipts of batches. @throws if that fails */
  readonly ask: (name: PastelId, batches: readonly StoredBatch[]) => Promise<void>
  /** Whether the recipient has said what became of a batch. */
  readonly isSettled: (batch: StoredBatch) => Promise<boolean>
  /** The mailboxes that hold a batch. */
  readonly holders: (batch: StoredBatch) => readonly PastelId[]
  /** Mailboxes of the recipient, the best first. */
  readonly mailboxes: () => readonly PastelId[]
  /** What this node does at a time for those who are away. */
  readonly limited: <T>(act: () => Promise<T>) => Promise<T>
}

type Outcome = 'done' | 'fruitful' | 'vain'

/** Pause after an attempt that brought nothing; doubled each time, with jitter. */
const MIN_PAUSE_MS = 1_000
const MAX_PAUSE_MS = 10 * 60_000
/** The shortest part of a pause that is waited. */
const MIN_JITTER = 0.75

/** A recipient that was asked in vain is not dialled again before its pause is over, unless it connects. */
const DIAL_TIMEOUT_MS = 5_000

/** Pages that are on their way to the recipient: while one is answered the next is there. */
const MAX_PUSHES = 2

/** Mailboxes that are tried in one walk outward. */
const MAX_TRIED = 12

/**
 * Brings this node's messages to one recipient, in order.
 *
 * ```
 *          something is not settled            connected: receipts asked for, then pushed
 *   idle ────────────────────────▶ looking ──────────────────────────────────────────────▶ looking
 *     ▲                              │  ▲  not connected: dialled; in vain: those who keep it are asked, and it is
 *     │                              │  │  left with mailboxes until three have it
 *     │ all settled or expired       │  │
 *     └──────────────────────────────┘  │ pause over, connected, or a new message
 *                                       └───── waiting ◀── nothing came of it
 * ```
 */
export class RecipientDelivery {
  readonly #components: RecipientDeliveryComponents
  readonly #channel: string
  readonly #stopped = new AbortController()
  /** Everything before it in the arrival order is settled. */
  #settledTo = 0
  /** How often that began anew: a page that is being read is not to move it. */
  #reopenings = 0
  /** Up to here mailboxes were walked to; undefined: everything is to be. */
  #walkedTo: number | undefined
  /** When everything is walked to again, however often something new comes meanwhile. */
  #walkAgainAtMs = 0
  #running: Promise<void> | undefined
  #isDue = false
  #wake: (() => void) | undefined
  #pauseMs = MIN_PAUSE_MS
  /** With the time for which all was in vain, and not with each new message that ends a pause. */
  #pauseGrowsAtMs = 0
  #dialAtMs = 0
  /** The connection was new since receipts were asked for. */
  #mustAsk = true

  constructor(components: RecipientDeliveryComponents) {
    this.#components = components
    this.#channel = `inbox/${components.recipient}`
  }

  /** Nothing is to be delivered, as far as it was looked. */
  get isIdle(): boolean {
    return this.#running === undefined
  }

  /** There is something new to deliver, or to try. */
  look(): void {
    if (this.#stopped.signal.aborted) return
    this.#isDue = true
    this.#wake?.()
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      if (this.#isDue) this.look()
    })
  }

  /** The recipient is there, or somebody who may keep messages for it. */
  connected(name: PastelId): void {
    this.#hopeAgain()
    this.#walkedTo = undefined
    if (name === this.#components.recipient) this.#mustAsk = true
    this.look()
  }

  /** What was settled may be to be delivered again. */
  reopened(): void {
    this.#settledTo = 0
    this.#reopenings += 1
    this.#walkedTo = undefined
    this.#hopeAgain()
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#wake?.()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      this.#isDue = false
      // A store that is being opened anew gives nothing: that is an attempt that failed, like any other.
      const outcome = await this.#try().catch((): Outcome => 'vain')
      if (outcome === 'done') return
      if (outcome === 'fruitful') this.#hopeAgain()
      else if (!this.#isDue) await this.#pause()
    }
  }

  async #try(): Promise<Outcome> {
    const page = await this.#page(this.#settledTo)
    if (page.batches.length === 0) return 'done'
    return (await this.#attempt(page)) ? 'fruitful' : 'vain'
  }

  /** @returns whether something was settled, or was left where it was not */
  async #attempt(page: Page): Promise<boolean> {
    const { recipient, isConnected, connect, limited } = this.#components
    if (isConnected(recipient)) return this.#pushAll(page)
    if (performance.now() >= this.#dialAtMs) {
      this.#dialAtMs = performance.now() + this.#pauseMs
      await connect(recipient, this.#dialLimit()).catch(() => {})
      if (isConnected(recipient)) return this.#pushAll(page)
    }
    // For a while only what is new is left: the rest was just now, wherever that was possible.
    const nowMs = performance.now()
    const walkedTo = this.#walkedTo
    if (walkedTo !== undefined && nowMs < this.#walkAgainAtMs) {
      return limited(async () => this.#leaveAll(await this.#page(walkedTo)))
    }
    this.#walkAgainAtMs = nowMs + this.#pauseMs * MIN_JITTER
    return limited(async () => (await this.#askHolders(page.batches)) || this.#leaveAll(page))
  }

  /** Those who keep something may know meanwhile that the recipient has it. */
  async #askHolders(batches: readonly StoredBatch[]): Promise<boolean> {
    const { holders, ask } = this.#components
    const names = new Set(batches.flatMap((batch) => holders(batch)))
    for (const name of names) {
      await this.#withConnection(name, () => ask(name, batches)).catch(() => {})
      if ((await this.#unsettled(batches)).length < batches.length) return true
    }
    return false
  }

  /** Pushes page after page, until one brings nothing. @returns whether something was settled */
  async #pushAll(first: Page): Promise<boolean> {
    const underway: Promise<boolean>[] = []
    let isFruitful = false
    let page = first
    while (page.batches.length > 0 && !this.#stopped.signal.aborted) {
      const pushing = this.#push(page)
      // Awaited in turn.
      pushing.catch(() => {})
      underway.push(pushing)
      if (underway.length === MAX_PUSHES) {
        // What is behind it would be refused as well.
        if (!(await underway.shift())) break
        isFruitful = true
      }
      page = await this.#page(page.next)
    }
    for (const pushing of underway) isFruitful = (await pushing) || isFruitful
    return isFruitful
  }

  async #push({ batches, from, next }: Page): Promise<boolean> {
    const { recipient, give, ask } = this.#components
    let left = batches
    if (this.#mustAsk) {
      // It may have come by another way.
      await ask(recipient, batches)
      this.#mustAsk = false
      left = await this.#unsettled(batches)
    }
    if (left.length > 0) await give(recipient, left)
    const { length } = await this.#unsettled(left)
    if (length === 0 && from <= this.#settledTo) this.#settledTo = Math.max(next, this.#settledTo)
    return length < batches.length
  }

  async #unsettled(batches: readonly StoredBatch[]): Promise<StoredBatch[]> {
    const settled = await Promise.all(batches.map((batch) => this.#components.isSettled(batch)))
    return batches.filter((_, i) => settled[i] === false)
  }

  async #leaveAll(first: Page): Promise<boolean> {
    let isFruitful = false
    let page = first
    while (page.batches.length > 0 && !this.#stopped.signal.aborted) {
      isFruitful = (await this.#leave(page.batches)) || isFruitful
      this.#walkedTo = page.next
      page = await this.#page(page.next)
    }
    return isFruitful
  }

  /** Walks outward until enough mailboxes hold the batches. */
  async #leave(batches: readonly StoredBatch[]): Promise<boolean> {
    const { mailboxes, holders, give } = this.#components
    let isFruitful = false
    for (const mailbox of mailboxes().slice(0, MAX_TRIED)) {
      const left = batches.filter((batch) => {
        const names = holders(batch)
        return names.length < WANTED_MAILBOXES && !names.includes(mailbox)
      })
      if (left.length === 0 || this.#stopped.signal.aborted) continue
      try {
        isFruitful = (await this.#withConnection(mailbox, () => give(mailbox, left))) > 0 || isFruitful
      } catch {
        // It is away, or full: the next one is as good.
      }
    }
    return isFruitful
  }

  async #withConnection<T>(name: PastelId, act: () => Promise<T>): Promise<T> {
    const { isConnected, connect } = this.#components
    if (!isConnected(name)) await connect(name, this.#dialLimit())
    return act()
  }

  #dialLimit(): AbortSignal {
    return AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)])
  }

  /** Batches that are not settled, from a place on, as many as one question holds. */
  async #page(from: number): Promise<Page> {
    const { store, own, isSettled } = this.#components
    const { signal } = this.#stopped
    const batches: StoredBatch[] = []
    const { end } = store
    const room = new FrameRoom()
    let next = from
    const reopenings = this.#reopenings
    for await (const entry of store.read({ channel: this.#channel, sender: own, from, to: end, signal })) {
      const isOpen =
        entry.kind === 'batch' && entry.signed.batch.expiresAtMs > Date.now() && !(await isSettled(entry))
      if (isOpen) {
        if (!room.take(entry.envelope.length)) return { batches, from, next }
        batches.push(entry)
      }
      next = entry.position + entry.count
      // What is settled before the first that is not is not looked at again.
      const isCurrent = from <= this.#settledTo && reopenings === this.#reopenings
      if (batches.length === 0 && isCurrent) this.#settledTo = Math.max(next, this.#settledTo)
    }
    const isCurrent = from <= this.#settledTo && reopenings === this.#reopenings
    if (batches.length === 0 && isCurrent) this.#settledTo = Math.max(end, this.#settledTo)
    return { batches, from, next: Math.max(end, next) }
  }

  #hopeAgain(): void {
    this.#pauseMs = MIN_PAUSE_MS
    this.#pauseGrowsAtMs = 0
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    const pauseMs = this.#pauseMs * (MIN_JITTER + Math.random() / 2)
    const nowMs = performance.now()
    if (nowMs >= this.#pauseGrowsAtMs) {
      this.#pauseMs = Math.min(MAX_PAUSE_MS, this.#pauseMs * 2)
      this.#pauseGrowsAtMs = nowMs + pauseMs
    }
    const over = new AbortController()
    const timer = delay(pauseMs, undefined, { signal: over.signal }).catch(() => {})
    await Promise.race([timer, promise])
    over.abort()
    this.#wake = undefined
  }
}
