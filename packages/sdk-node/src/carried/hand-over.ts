import type { PastelId } from '@pastel-mesh/identity'
import { inboxChannel, toWireAgain, wireMessageBytes } from '@pastel-mesh/protocol'
import type { Values } from '@pastel-mesh/storage'
import { acceptedAtMs, type TakenMessage, type WaitingMessages } from '../direct/waiting-messages.ts'
import type { OutboundPipeline } from '../outbound/pipeline.ts'
import { withMark } from './carried-mark.ts'
import type { CarriedMessage, Carrier, HandOutcome } from './carrier.ts'

export interface HandOverComponents {
  readonly carrier: Carrier
  readonly own: PastelId
  readonly values: Values
  readonly waiting: WaitingMessages
  readonly outbound: () => OutboundPipeline
  /** Goes on with what waits for a recipient; calls {@link HandOver.some} for it. */
  readonly goOn: (recipient: PastelId) => void
  readonly onError: (error: unknown) => void
}

/** Names of the values: `handing/<id under which it waits>` while a message is being handed over. */
const PREFIX = 'handing/'
/** How often it is looked at what has waited long enough: a small part of what a message waits before. */
const MAX_LOOK_MS = 5_000
const MIN_LOOK_MS = 50
/** As many headers are added to a message that is kept as handed over. */
const MARK_HEADERS = 4
const MAX_HEADERS = 32 - MARK_HEADERS

/**
 * Hands what waits for a certificate to the carrier.
 *
 * ```
 *   waiting ── afterMs ──▶ marked, on disk ── handed, or nobody can say ──▶ kept in the log to the own inbox; no mark
 *      ▲                      │     │
 *      └──── not now ─────────┘     └── the node died meanwhile: at the next start nobody can say
 * ```
 */
export class HandOver {
  readonly #components: HandOverComponents
  /** What may have been handed over before the node died. */
  readonly #doubtful = new Set<string>()
  readonly #stopped = new AbortController()
  #beganMs = 0
  #going: Promise<unknown> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined

  constructor(components: HandOverComponents) {
    this.#components = components
  }

  /** Reads what was left. @throws StorageError */
  async start(): Promise<void> {
    const { values, waiting } = this.#components
    const gone: string[] = []
    for await (const [name] of values.read(PREFIX)) {
      const id = name.slice(PREFIX.length)
      if (waiting.get(id) === undefined) gone.push(name)
      else this.#doubtful.add(id)
    }
    if (gone.length > 0) await values.write(gone.map((name) => ({ name })))
  }

  /** The node may send. */
  begin(): void {
    const { carrier, waiting, goOn } = this.#components
    this.#beganMs = Date.now()
    const lookMs = Math.max(MIN_LOOK_MS, Math.min(MAX_LOOK_MS, carrier.afterMs / 4))
    this.#timer = setInterval(() => {
      for (const recipient of waiting.recipients()) if (carrier.reaches(recipient)) goOn(recipient)
    }, lookMs)
  }

  /** Hands nothing more over; what is being handed over is kept as that, so it ends before the node takes no more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopped.abort()
    await this.#going
  }

  /**
   * Hands over those of some messages that can go this way, one by one, until one cannot now.
   * @param taken of one recipient, whom the mesh does not know, in the order of their acceptance
   * @param isKnown whether the mesh knows the recipient by now
   * @returns whether any went
   * @throws StorageError and as `publish`: it is kept as handed over when it is tried again
   */
  async some(recipient: PastelId, taken: readonly TakenMessage[], isKnown: () => boolean): Promise<boolean> {
    const { carrier } = this.#components
    let hasGone = false
    for (const message of taken) {
      if (this.#stopped.signal.aborted || isKnown() || !this.#isDue(message)) break
      const carried = { ...message.content, recipient }
      if (this.#doubtful.has(message.waitingId)) {
        await this.#keep(message, recipient, 'unknown')
        hasGone = true
        continue
      }
      // What cannot go this way waits on for a certificate, and does not hold up what can.
      if (Object.keys(carried.headers).length > MAX_HEADERS || !carrier.carries(carried)) continue
      if (!carrier.reaches(recipient)) break
      const going = this.#go(message, carried)
      this.#going = Promise.allSettled([this.#going, going])
      if (!(await going)) break
      hasGone = true
    }
    return hasGone
  }

  /** @returns whether it went */
  async #go(message: TakenMessage, carried: CarriedMessage): Promise<boolean> {
    const outcome = await this.#hand(message.waitingId, carried)
    if (outcome === 'not-now') return false
    await this.#keep(message, carried.recipient, outcome)
    return true
  }

  /** The mesh gets its time first: after the acceptance, and after a start, when the node knows nobody yet. */
  #isDue({ waitingId }: TakenMessage): boolean {
    return Math.max(acceptedAtMs(waitingId), this.#beganMs) + this.#components.carrier.afterMs <= Date.now()
  }

  async #hand(waitingId: string, carried: CarriedMessage): Promise<HandOutcome> {
    const { carrier, values, onError } = this.#components
    const name = PREFIX + waitingId
    await values.write([{ name, value: new Uint8Array(1) }])
    this.#doubtful.add(waitingId)
    let outcome: HandOutcome = 'not-now'
    try {
      outcome = await carrier.hand(carried, { signal: this.#stopped.signal })
    } catch (error) {
      onError(error)
    }
    if (outcome === 'not-now') {
      await values.write([{ name }])
      this.#doubtful.delete(waitingId)
    }
    return outcome
  }

  async #keep(message: TakenMessage, recipient: PastelId, outcome: HandOutcome): Promise<void> {
    const { carrier, own, outbound, waiting } = this.#components
    const { content, waitingId, expiresAtMs, noted } = message
    const mark = { via: carrier.name, sender: own, recipient }
    const headers = withMark(content.headers, outcome === 'unknown' ? { ...mark, outcome } : mark)
    const wire = toWireAgain({ ...content, headers })
    const [accepted] = await outbound().acceptPrepared(inboxChannel(own), [
      {
        wire,
        sizeBytes: wireMessageBytes(wire),
        expiresAtMs,
        countAs: { sender: own, channel: inboxChannel(recipient) },
        noted: (id) => [...noted(id), { name: PREFIX + waitingId }],
      },
    ])
    this.#doubtful.delete(waitingId)
    if (accepted !== undefined) waiting.sent(waitingId, accepted.id)
  }
}
