import type { PastelId } from '@pastel-mesh/identity'
import {
  CARRIED_HEADERS,
  inboxChannel,
  MAX_HEADERS,
  toWireAgain,
  wireMessageBytes,
} from '@pastel-mesh/protocol'
import type { Values } from '@pastel-mesh/storage'
import { acceptedAtMs, type TakenMessage, type WaitingMessages } from '../direct/waiting-messages.ts'
import type { MemberRegistry } from '../members/member-registry.ts'
import type { OutboundPipeline } from '../outbound/pipeline.ts'
import { withMark } from './carried-mark.ts'
import type { CarriedMessage, Carrier, HandOutcome } from './carrier.ts'

export interface HandOverComponents {
  /** @default nothing is handed over; what was before is kept as that */
  readonly carrier?: Carrier | undefined
  readonly own: PastelId
  readonly registry: MemberRegistry
  readonly values: Values
  readonly waiting: WaitingMessages
  readonly outbound: () => OutboundPipeline
  /** Goes on with what waits for a recipient; calls {@link HandOver.settle} and {@link HandOver.some} for it. */
  readonly goOn: (recipient: PastelId) => void
  readonly onError: (error: unknown) => void
}

/** Names of the values, which hold the carrier's name: `handing/<id under which it waits>` while it is handed over. */
const PREFIX = 'handing/'
/** How often it is looked at what has waited long enough: a small part of what a message waits before. */
const MAX_LOOK_MS = 5_000
const MIN_LOOK_MS = 50
/** As many headers are added to a message that is kept as handed over. */
const MARK_HEADERS = Object.keys(CARRIED_HEADERS).length
const MAX_OWN_HEADERS = MAX_HEADERS - MARK_HEADERS
/** What expires before a carrier may have taken it is left to expire. */
const MARGIN_MS = 30_000
/** For so long at least it can be seen what was handed over. */
const KEEP_MS = 24 * 60 * 60_000
/** Recipients that are remembered as reached only by the carrier. */
const MAX_PROMPT = 4_096

/** What may have been handed over, and is not kept as that yet. */
interface Doubtful {
  readonly via: string
  readonly outcome: 'handed' | 'unknown'
}

/**
 * Hands what waits for a certificate to the carrier.
 *
 * ```
 *   waiting ── afterMs ──▶ marked, on disk ── handed, or nobody can say ──▶ kept in the log to the own inbox; no mark
 *      ▲                      │     │
 *      └──── not now ─────────┘     └── the node died meanwhile: at the next start nobody can say
 * ```
 *
 * What is marked goes by no other way, whatever is known of its recipient meanwhile.
 */
export class HandOver {
  readonly #components: HandOverComponents
  /** By the id under which it waits. */
  readonly #doubtful = new Map<string, Doubtful>()
  /** Ids of what cannot go this way. */
  readonly #staying = new Set<string>()
  /** To whom something was handed over: what comes next need not wait for a certificate first. */
  readonly #prompt = new Set<PastelId>()
  readonly #stopped = new AbortController()
  #beganMs = 0
  readonly #going = new Set<Promise<boolean>>()
  #timer: NodeJS.Timeout | undefined

  constructor(components: HandOverComponents) {
    this.#components = components
  }

  /** Reads what was left. @throws StorageError */
  async start(): Promise<void> {
    const { values, waiting } = this.#components
    const gone: string[] = []
    for await (const [name, value] of values.read(PREFIX)) {
      const id = name.slice(PREFIX.length)
      if (waiting.get(id) === undefined) gone.push(name)
      else this.#doubt(id, { via: value.toString(), outcome: 'unknown' })
    }
    if (gone.length > 0) await values.write(gone.map((name) => ({ name })))
  }

  /** The node may send. */
  begin(): void {
    const { carrier, waiting, goOn } = this.#components
    this.#beganMs = Date.now()
    const marked = [...this.#doubtful.keys()].flatMap((id) => waiting.get(id)?.recipient ?? [])
    for (const recipient of new Set(marked)) goOn(recipient)
    if (carrier === undefined) return
    const lookMs = Math.max(MIN_LOOK_MS, Math.min(MAX_LOOK_MS, carrier.afterMs / 4))
    this.#timer = setInterval(() => {
      for (const id of this.#staying) if (waiting.get(id) === undefined) this.#staying.delete(id)
      for (const recipient of waiting.recipients()) if (carrier.reaches(recipient)) goOn(recipient)
    }, lookMs)
  }

  /** Hands nothing more over; what is being handed over is kept as that, so it ends before the node takes no more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopped.abort()
    await Promise.allSettled(this.#going)
  }

  /** Whether what is accepted for somebody goes this way at once, as what came before. */
  isPrompt(recipient: PastelId): boolean {
    return this.#prompt.has(recipient)
  }

  /** Keeps as handed over what may have been. @throws StorageError and as `publish` */
  async settle(recipient: PastelId): Promise<void> {
    const { waiting } = this.#components
    for (const [id, doubtful] of this.#doubtful) {
      if (waiting.get(id)?.recipient !== recipient) continue
      const message = await waiting.read(id)
      if (message !== undefined) await this.#keep(message, recipient, doubtful)
      else this.#forget(id)
    }
  }

  /**
   * Hands over what waits for somebody whom the mesh does not know, in the order of its acceptance, one by one, until one
   * cannot now.
   * @param isKnown whether the mesh knows the recipient by now
   * @returns whether any went
   * @throws StorageError and as `publish`: what went is kept as that before anything else
   */
  async some(recipient: PastelId, isKnown: () => boolean): Promise<boolean> {
    const { carrier, waiting, registry } = this.#components
    if (carrier === undefined || registry.memberAt(recipient, Date.now()) === undefined) return false
    let hasGone = false
    for (const id of waiting.idsFor(recipient)) {
      // What cannot go this way waits on for a certificate, and does not hold up what can.
      if (this.#staying.has(id)) continue
      if (this.#stopped.signal.aborted || isKnown() || !this.#isDue(id, recipient, carrier)) break
      if (!carrier.reaches(recipient) || !this.#isTaking) break
      const message = await waiting.read(id)
      if (message === undefined || message.expiresAtMs <= Date.now() + MARGIN_MS) continue
      const carried = { ...message.content, recipient }
      if (Object.keys(carried.headers).length > MAX_OWN_HEADERS || !carrier.carries(carried)) {
        this.#staying.add(id)
        continue
      }
      const going = this.#go(message, carried, carrier)
      this.#going.add(going)
      if (!(await going.finally(() => this.#going.delete(going)))) break
      hasGone = true
    }
    return hasGone
  }

  /** Whether what is handed over can be kept as that. */
  get #isTaking(): boolean {
    try {
      this.#components.outbound().assertTaking()
      return true
    } catch {
      return false
    }
  }

  /** The mesh gets its time first: after the acceptance, and after a start, when the node knows nobody yet. */
  #isDue(id: string, recipient: PastelId, { afterMs }: Carrier): boolean {
    return this.isPrompt(recipient) || Math.max(acceptedAtMs(id), this.#beganMs) + afterMs <= Date.now()
  }

  /** @returns whether it went */
  async #go(message: TakenMessage, carried: CarriedMessage, carrier: Carrier): Promise<boolean> {
    const outcome = await this.#hand(message.waitingId, carried, carrier)
    if (outcome === 'not-now') return false
    const doubtful = { via: carrier.name, outcome }
    this.#doubt(message.waitingId, doubtful)
    await this.#keep(message, carried.recipient, doubtful)
    if (this.#prompt.size >= MAX_PROMPT) this.#prompt.clear()
    this.#prompt.add(carried.recipient)
    return true
  }

  async #hand(waitingId: string, carried: CarriedMessage, carrier: Carrier): Promise<HandOutcome> {
    const { values, onError } = this.#components
    const name = PREFIX + waitingId
    const begin = async () => {
      await values.write([{ name, value: Buffer.from(carrier.name) }])
      this.#doubt(waitingId, { via: carrier.name, outcome: 'unknown' })
    }
    let outcome: HandOutcome = 'not-now'
    try {
      outcome = await carrier.hand(carried, { signal: this.#stopped.signal, begin })
    } catch (error) {
      onError(error)
    }
    if (outcome === 'not-now' && this.#doubtful.has(waitingId)) {
      this.#forget(waitingId)
      await values.write([{ name }], { mayUseReserve: true })
    }
    return outcome
  }

  #doubt(id: string, doubtful: Doubtful): void {
    this.#doubtful.set(id, doubtful)
    this.#components.waiting.hold(id)
  }

  #forget(id: string): void {
    this.#doubtful.delete(id)
    this.#components.waiting.release(id)
  }

  async #keep(message: TakenMessage, recipient: PastelId, { via, outcome }: Doubtful): Promise<void> {
    const { own, outbound, waiting } = this.#components
    const { content, waitingId, noted } = message
    const mark = { via, sender: own, recipient }
    const headers = withMark(content.headers, outcome === 'unknown' ? { ...mark, outcome } : mark)
    const wire = toWireAgain({ ...content, headers })
    const [accepted] = await outbound().acceptPrepared(inboxChannel(own), [
      {
        wire,
        sizeBytes: wireMessageBytes(wire),
        expiresAtMs: Math.max(message.expiresAtMs, Date.now() + KEEP_MS),
        countAs: { sender: own, channel: inboxChannel(recipient) },
        noted: (id) => [...noted(id), { name: PREFIX + waitingId }],
      },
    ])
    this.#forget(waitingId)
    if (accepted !== undefined) waiting.sent(waitingId, accepted.id)
  }
}
