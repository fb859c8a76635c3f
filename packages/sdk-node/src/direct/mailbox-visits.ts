import type { PastelId } from '@pastel-mesh/identity'
import type { DirectPeers } from './direct-peers.ts'
import { type Mailboxes, WANTED_MAILBOXES } from './mailboxes.ts'

export interface MailboxVisitsComponents {
  readonly own: PastelId
  readonly mailboxes: Mailboxes
  readonly peers: DirectPeers
}

/** How often it is looked whether this node's own mailboxes are connected. */
const INTERVAL_MS = 5_000
const DIAL_TIMEOUT_MS = 5_000

/**
 * Mailboxes of this node that it stays connected to: more than messages are left with, because whoever left them may
 * have known other members, or found some of them away.
 */
const VISITED = 2 * WANTED_MAILBOXES

/** Connects this node to the members that keep messages for it: log sync then brings what they have. */
export class MailboxVisits {
  readonly #components: MailboxVisitsComponents
  readonly #stopped = new AbortController()
  #timer: NodeJS.Timeout | undefined

  constructor(components: MailboxVisitsComponents) {
    this.#components = components
  }

  start(): void {
    this.#timer = setInterval(() => this.#visit(), INTERVAL_MS)
    this.#visit()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#stopped.abort()
  }

  #visit(): void {
    const { own, mailboxes, peers } = this.#components
    for (const name of mailboxes.of(own).slice(0, VISITED)) {
      if (peers.isConnected(name)) continue
      const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)])
      // It may be away; the next look tries again, less and less often.
      peers.connect(name, signal).catch(() => {})
    }
  }
}
