import type { Connection, Stream } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'
import { MeshError, type PastelId } from '@pastel-mesh/identity'
import { ProtocolError } from '@pastel-mesh/protocol'
import { Limiter } from '../inbound/limiter.ts'
import type { AddressBook } from './address-book.ts'
import { BookHolder } from './book-holder.ts'
import { BookReader } from './book-reader.ts'
import type { CertificateIntake } from './certificate-intake.ts'

/** Protocol on which a node asks another for certificates. */
export const BOOK_PROTOCOL = '/pastel-mesh/book/1'

export interface BookExchangeComponents {
  readonly book: AddressBook
  readonly intake: CertificateIntake
  /** A peer was asked, and told of certificates that were new. */
  readonly onNews: (news: readonly PastelId[]) => void
  /** Told when a peer broke the rules. */
  readonly onError: (error: unknown) => void
}

/** Peers that are asked at once. */
const MAX_ASKED = 4

/**
 * How often a neighbour is asked, in ms: soon again after there was news, for there may be more of it; a mesh at rest
 * asks once a minute.
 */
const MIN_INTERVAL_MS = 1_000
const MAX_INTERVAL_MS = 60_000

/** How long a peer is left alone after a failure; doubled with each in a row. */
const MIN_FAILURE_PAUSE_MS = 5_000
const MAX_FAILURE_PAUSE_MS = 60 * 60_000

/** Peers that are gone, and whose places and failures are remembered. */
const MAX_REMEMBERED = 256

interface PeerState {
  readonly reader: BookReader
  connection: Connection | undefined
  isAsked: boolean
  failures: number
  pausedUntilMs: number
}

/** Asks peers for the certificates that this node lacks: each when it connects, then one at a time, now and then. */
export class BookExchange {
  readonly #components: BookExchangeComponents
  readonly #holder: BookHolder
  readonly #limiter = new Limiter(MAX_ASKED)
  /** The peer that was connected last is at the end. */
  readonly #peers = new Map<string, PeerState>()
  readonly #serving = new Set<Stream>()
  readonly #asking = new Set<Promise<void>>()
  readonly #stopped = new AbortController()
  #registrar: Registrar | undefined
  #timer: NodeJS.Timeout | undefined
  #intervalMs = MIN_INTERVAL_MS

  constructor(components: BookExchangeComponents) {
    this.#components = components
    this.#holder = new BookHolder(components)
  }

  /** @param registrar one that lets certified connections only */
  async start(registrar: Registrar): Promise<void> {
    this.#registrar = registrar
    await registrar.handle(BOOK_PROTOCOL, (stream, connection) => this.#serve(stream, connection), {
      maxInboundStreams: 2,
      maxOutboundStreams: 2,
    })
    this.#schedule()
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new MeshError('ERR_STOPPED', 'the node stops'))
    clearTimeout(this.#timer)
    await this.#registrar?.unhandle(BOOK_PROTOCOL)
    for (const stream of this.#serving) stream.abort(new Error('the node stops'))
    await Promise.all(this.#asking)
  }

  connected(peer: string, connection: Connection): void {
    const state = this.#state(peer)
    const isNew = state.connection === undefined
    state.connection = connection
    if (isNew) this.#askLater(state)
  }

  disconnected(peer: string): void {
    const state = this.#peers.get(peer)
    if (state !== undefined) state.connection = undefined
  }

  /** Who is a member has changed: what was passed over may be taken now. */
  beginAgain(): void {
    for (const { reader } of this.#peers.values()) reader.forget()
    this.#intervalMs = MIN_INTERVAL_MS
    this.#schedule()
  }

  #state(peer: string): PeerState {
    let state = this.#peers.get(peer)
    this.#peers.delete(peer)
    if (state === undefined) {
      const reader = new BookReader({
        openStream: async (signal) => {
          const connection = this.#peers.get(peer)?.connection
          if (connection === undefined) throw new MeshError('ERR_BOOK_CLOSED', 'the peer is gone')
          return connection.newStream(BOOK_PROTOCOL, { signal })
        },
        take: (envelope) => this.#components.intake.take(envelope),
      })
      state = { reader, connection: undefined, isAsked: false, failures: 0, pausedUntilMs: 0 }
    }
    this.#peers.set(peer, state)
    if (this.#peers.size > MAX_REMEMBERED) this.#forgetOne()
    return state
  }

  #forgetOne(): void {
    for (const [peer, { connection }] of this.#peers) {
      if (connection !== undefined) continue
      this.#peers.delete(peer)
      return
    }
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    if (this.#stopped.signal.aborted) return
    const pauseMs = this.#intervalMs * (0.5 + Math.random())
    this.#timer = setTimeout(() => {
      this.#intervalMs = Math.min(MAX_INTERVAL_MS, this.#intervalMs * 2)
      this.#schedule()
      const states = [...this.#peers.values()].filter(isReady)
      const chosen = states[Math.floor(Math.random() * states.length)]
      if (chosen !== undefined) this.#askLater(chosen)
    }, pauseMs)
  }

  #askLater(state: PeerState): void {
    if (this.#stopped.signal.aborted || !isReady(state)) return
    state.isAsked = true
    const asking = this.#limiter
      .run(() => this.#ask(state))
      .finally(() => {
        state.isAsked = false
        this.#asking.delete(asking)
      })
    this.#asking.add(asking)
  }

  async #ask(state: PeerState): Promise<void> {
    const { signal } = this.#stopped
    try {
      signal.throwIfAborted()
      const news = await state.reader.read(signal)
      state.failures = 0
      if (news.length === 0) return
      this.#intervalMs = MIN_INTERVAL_MS
      this.#schedule()
      this.#components.onNews(news)
    } catch (error) {
      if (signal.aborted) return
      const pauseMs = MIN_FAILURE_PAUSE_MS * 2 ** state.failures
      state.failures += 1
      state.pausedUntilMs = performance.now() + Math.min(MAX_FAILURE_PAUSE_MS, pauseMs)
      if (isBreach(error)) this.#components.onError(error)
    }
  }

  async #serve(stream: Stream, { remotePeer }: Connection): Promise<void> {
    if (this.#stopped.signal.aborted) return stream.abort(new Error('the node stops'))
    this.#serving.add(stream)
    try {
      await this.#holder.serve(stream, remotePeer.toString())
    } catch (error) {
      stream.abort(error as Error)
    } finally {
      this.#serving.delete(stream)
    }
  }
}

function isReady({ connection, isAsked, pausedUntilMs }: PeerState): boolean {
  return connection?.status === 'open' && !isAsked && pausedUntilMs <= performance.now()
}

/** The peer's bytes were wrong; others do not speak the protocol, hung up, or were slow. */
function isBreach(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return error instanceof ProtocolError || code === 'ERR_BOOK_PROTOCOL'
}
