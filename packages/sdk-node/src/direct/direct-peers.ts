import type { Connection } from '@libp2p/interface'
import { MeshError, type PastelId } from '@pastel-mesh/identity'
import type { Certificate, DirectResponse } from '@pastel-mesh/protocol'
import type { AddressBook } from '../connection/address-book.ts'
import type { DirectCounters } from '../counters.ts'
import { Limiter } from '../inbound/limiter.ts'
import { type DirectQuestion, DirectRequester } from './direct-requester.ts'

export interface DirectPeersComponents {
  readonly book: AddressBook
  /** Connects to the node of a certificate; resolves when both sides accepted each other. */
  readonly connectTo: (certificate: Certificate, signal: AbortSignal) => Promise<void>
  /** Whether somebody is not to be dialled: it is no member, or the operator disconnected it. */
  readonly isLeftAlone: (name: PastelId) => boolean
  readonly counters: DirectCounters
  /** A peer gave an answer that broke the rules. */
  readonly onOffence: (peerId: string) => void
}

/** Dials for messages at a time. */
const MAX_DIALS = 4
/** How long somebody is not dialled again after a failure; doubled with each in a row. */
const MIN_PAUSE_MS = 1_000
const MAX_PAUSE_MS = 10 * 60_000
/** Failures that are remembered. */
const MAX_FAILURES = 4_096

interface Peer {
  readonly name: PastelId
  readonly connection: Connection
  readonly requester: DirectRequester
  /** For questions whose answers may take their time, on a stream of its own. */
  readonly aside: DirectRequester
}

/** Those who can be given messages and asked for receipts now, by PastelID; others are dialled. */
export class DirectPeers {
  readonly #components: DirectPeersComponents
  readonly #peers = new Map<string, Peer>()
  readonly #failures = new Map<PastelId, { readonly pauseMs: number; readonly untilMs: number }>()
  readonly #limiter = new Limiter(MAX_DIALS)

  constructor(components: DirectPeersComponents) {
    this.#components = components
  }

  connected(peerId: string, name: PastelId, connection: Connection): void {
    const before = this.#peers.get(peerId)
    if (before?.connection === connection) return
    if (before !== undefined) close(before)
    const parts = {
      connection,
      onRefused: () => {
        this.#components.counters.refused.answers += 1
        this.#components.onOffence(peerId)
      },
      onTimeout: () => {
        this.#components.counters.timeouts += 1
      },
    }
    const requester = new DirectRequester({}, parts)
    // A peer takes one question about topics at a time.
    const aside = new DirectRequester({ maxQuestions: 1 }, parts)
    this.#peers.set(peerId, { name, connection, requester, aside })
    this.#failures.delete(name)
  }

  disconnected(peerId: string): void {
    const peer = this.#peers.get(peerId)
    if (peer !== undefined) close(peer)
    this.#peers.delete(peerId)
  }

  stop(): void {
    for (const peerId of [...this.#peers.keys()]) this.disconnected(peerId)
  }

  isConnected(name: PastelId): boolean {
    return this.#find(name) !== undefined
  }

  /** @throws MeshError ERR_NOT_CONNECTED, and what {@link DirectRequester.ask} throws */
  ask(name: PastelId, question: DirectQuestion): Promise<DirectResponse> {
    return this.#ask(name, 'requester', question)
  }

  /** The same, and what {@link ask} asks does not wait for the answer. @throws as {@link ask} */
  askAside(name: PastelId, question: DirectQuestion): Promise<DirectResponse> {
    return this.#ask(name, 'aside', question)
  }

  /** Connects to somebody, unless that failed lately. @throws MeshError ERR_DIAL and what dialling throws */
  async connect(name: PastelId, signal: AbortSignal): Promise<void> {
    if (this.isConnected(name)) return
    const { book, connectTo, isLeftAlone } = this.#components
    const certificate = book.get(name)
    const failure = this.#failures.get(name)
    if (certificate === undefined || isLeftAlone(name) || (failure?.untilMs ?? 0) > performance.now()) {
      throw new MeshError('ERR_DIAL', `${name} is not dialled now`)
    }
    try {
      await this.#limiter.run(() => connectTo(certificate, signal))
    } catch (error) {
      const pauseMs = Math.min(MAX_PAUSE_MS, (failure?.pauseMs ?? MIN_PAUSE_MS / 2) * 2)
      this.#failures.delete(name)
      this.#failures.set(name, { pauseMs, untilMs: performance.now() + pauseMs })
      if (this.#failures.size > MAX_FAILURES)
        this.#failures.delete(this.#failures.keys().next().value as PastelId)
      throw error
    }
  }

  async #ask(name: PastelId, by: 'requester' | 'aside', question: DirectQuestion): Promise<DirectResponse> {
    const peer = this.#find(name)
    if (peer === undefined) throw new MeshError('ERR_NOT_CONNECTED', `this node is not connected to ${name}`)
    const response = await peer[by].ask(question)
    if (response.error === '') return response
    throw new MeshError('ERR_DIRECT_REFUSED', `${name} refused the question: ${response.error}`)
  }

  #find(name: PastelId): Peer | undefined {
    for (const peer of this.#peers.values()) if (peer.name === name) return peer
    return undefined
  }
}

function close({ requester, aside }: Peer): void {
  requester.close()
  aside.close()
}
