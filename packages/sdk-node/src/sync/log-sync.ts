import type { Connection, Stream } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'
import type { MessageStore } from '@pastel-mesh/storage'
import type { Verdict } from '../inbound/pipeline.ts'
import { serveSync } from './holder.ts'
import { SyncReader } from './reader.ts'

/** Protocol on which a node reads another's arrival order. */
export const SYNC_PROTOCOL = '/pastel-mesh/log/1'

export interface LogSyncOptions {
  /** How often a few peers are asked for what gossip did not bring, in ms. @default 3000 */
  readonly intervalMs: number
}

export interface LogSyncComponents {
  readonly store: MessageStore
  readonly channels: () => readonly string[]
  readonly receive: (envelope: Uint8Array, peer: string, signal: AbortSignal) => Promise<Verdict>
  readonly onError: (error: unknown, peer: string) => void
}

/** Peers asked at each interval: enough that what one missed another has. */
const NEIGHBOURS = 3

interface PeerState {
  readonly reader: SyncReader
  running: boolean
  /** Asked for while a pass was running: another follows. */
  again: boolean
}

/**
 * Log sync: gossip makes it fast, this makes it certain. Reads from every certified peer when it connects, from
 * the peer that showed a gap at once, and from a few at every interval, so that a lost tail shows as well.
 */
export class LogSync {
  readonly #options: LogSyncOptions
  readonly #components: LogSyncComponents
  readonly #peers = new Map<string, PeerState>()
  #registrar: Registrar | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(options: LogSyncOptions, components: LogSyncComponents) {
    this.#options = options
    this.#components = components
  }

  /** @param registrar one that lets certified connections only */
  async start(registrar: Registrar): Promise<void> {
    this.#registrar = registrar
    await registrar.handle(SYNC_PROTOCOL, (stream) => this.#serve(stream), {
      maxInboundStreams: 2,
      maxOutboundStreams: 2,
    })
    this.#schedule()
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#registrar?.unhandle(SYNC_PROTOCOL)
    for (const { reader } of this.#peers.values()) reader.close()
    this.#peers.clear()
  }

  connected(peer: string, connection: Connection): void {
    this.#peers.get(peer)?.reader.close()
    const reader = new SyncReader({
      store: this.#components.store,
      openStream: (signal) => connection.newStream(SYNC_PROTOCOL, { signal }),
      receive: (envelope, signal) => this.#components.receive(envelope, peer, signal),
    })
    this.#peers.set(peer, { reader, running: false, again: false })
    this.read(peer)
  }

  disconnected(peer: string): void {
    this.#peers.get(peer)?.reader.close()
    this.#peers.delete(peer)
  }

  /** Reads from a peer now; if a pass is running, once more after it. */
  read(peer: string): void {
    const state = this.#peers.get(peer)
    if (state === undefined) return
    if (state.running) state.again = true
    else void this.#run(peer, state)
  }

  async #run(peer: string, state: PeerState): Promise<void> {
    state.running = true
    try {
      do {
        state.again = false
        await state.reader.pass(this.#components.channels())
      } while (state.again && this.#peers.get(peer) === state)
    } catch (error) {
      state.reader.reset()
      if (this.#peers.get(peer) === state) this.#components.onError(error, peer)
    } finally {
      state.running = false
    }
  }

  async #serve(stream: Stream): Promise<void> {
    try {
      await serveSync(stream, this.#components.store)
    } catch (error) {
      stream.abort(error as Error)
    }
  }

  #schedule(): void {
    const pauseMs = this.#options.intervalMs * (0.8 + 0.4 * Math.random())
    this.#timer = setTimeout(() => {
      for (const peer of pick([...this.#peers.keys()], NEIGHBOURS)) this.read(peer)
      this.#schedule()
    }, pauseMs)
  }
}

/** Some of the items, chosen at random. */
function pick<T>(items: T[], count: number): T[] {
  for (let i = 0; i < Math.min(count, items.length); i += 1) {
    const j = i + Math.floor(Math.random() * (items.length - i))
    ;[items[i], items[j]] = [items[j] as T, items[i] as T]
  }
  return items.slice(0, count)
}
