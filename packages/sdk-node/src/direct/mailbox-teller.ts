import { setTimeout as delay } from 'node:timers/promises'
import type { PastelId } from '@pastel-mesh/identity'
import type { DirectPeers } from './direct-peers.ts'
import { inFrames } from './frame-room.ts'
import type { KnownReceipt } from './receipt-check.ts'

export interface MailboxTellerOptions {
  /** Pause after a question that failed; doubled with each in a row. @default 1 second */
  readonly minPauseMs?: number
}

export interface MailboxTellerComponents {
  readonly peers: Pick<DirectPeers, 'ask' | 'isConnected'>
}

/** Receipts that wait to be told to one mailbox, as many as are kept; above it the oldest are not told. */
const MAX_DUE = 4_096
/** As that of a peer that does not answer. */
const MIN_PAUSE_MS = 1_000
/** After so many failures in a row, which take over a quarter of an hour, it is not asked again before it reconnects. */
const MAX_FAILURES = 10

/** What one mailbox is to be told, and the pause that it is in. */
interface Due {
  /** By the name of who gave it and its serial. */
  readonly receipts: Map<string, KnownReceipt>
  pause: AbortController
  /** Settles when nothing is to be told any more. */
  telling: Promise<void>
}

/**
 * Tells mailboxes of receipts: who keeps what its recipient has need not keep it any more. Each is asked one question at
 * a time; what comes meanwhile is told together. What it refuses, or does not answer, is told again after a pause; who
 * is gone is told when it is there again, or keeps it until it expires.
 *
 * ```
 *   told of ──▶ asking ──── failed ────▶ pausing ── over, or reconnected ──▶ asking
 *                 │                         │
 *                 └── nothing is left ──────┴── gone, or failed ten times ──▶ forgotten
 * ```
 */
export class MailboxTeller {
  readonly #minPauseMs: number
  readonly #components: MailboxTellerComponents
  readonly #due = new Map<PastelId, Due>()

  constructor({ minPauseMs = MIN_PAUSE_MS }: MailboxTellerOptions, components: MailboxTellerComponents) {
    this.#minPauseMs = minPauseMs
    this.#components = components
  }

  tell(name: PastelId, receipts: readonly KnownReceipt[]): void {
    if (receipts.length === 0 || !this.#components.peers.isConnected(name)) return
    const waiting = this.#due.get(name)
    const due = waiting ?? {
      receipts: new Map(),
      pause: new AbortController(),
      telling: Promise.resolve(),
    }
    put(receipts, due)
    if (waiting !== undefined) return
    this.#due.set(name, due)
    due.telling = this.#tellAll(name, due).finally(() => this.#due.delete(name))
  }

  /** A mailbox is there, by a connection that has not failed yet. */
  connected(name: PastelId, receipts: readonly KnownReceipt[]): void {
    this.tell(name, receipts)
    this.#due.get(name)?.pause.abort()
  }

  /** When nobody is connected any more. */
  async stop(): Promise<void> {
    const due = [...this.#due.values()]
    for (const { pause } of due) pause.abort()
    await Promise.all(due.map(({ telling }) => telling))
  }

  async #tellAll(name: PastelId, due: Due): Promise<void> {
    const { peers } = this.#components
    let failures = 0
    while (due.receipts.size > 0 && failures < MAX_FAILURES && peers.isConnected(name)) {
      const [frame = []] = inFrames([...due.receipts.values()])
      for (const receipt of frame) due.receipts.delete(keyOf(receipt))
      // From here on, for what reconnects while it is asked is not to wait, either.
      due.pause = new AbortController()
      try {
        await peers.ask(name, { kind: 'receipts', receipts: frame })
        failures = 0
      } catch {
        // Behind the others: it may be what the mailbox does not like.
        put(frame, due)
        const pauseMs = this.#minPauseMs * 2 ** failures
        await delay(pauseMs, undefined, { signal: due.pause.signal }).catch(() => {})
        failures = due.pause.signal.aborted ? 0 : failures + 1
      }
    }
  }
}

function put(receipts: readonly KnownReceipt[], due: Due): void {
  for (const receipt of receipts) due.receipts.set(keyOf(receipt), receipt)
  for (const key of due.receipts.keys()) {
    if (due.receipts.size <= MAX_DUE) break
    due.receipts.delete(key)
  }
}

function keyOf({ by, content }: KnownReceipt): string {
  return `${by} ${content.serial}`
}
