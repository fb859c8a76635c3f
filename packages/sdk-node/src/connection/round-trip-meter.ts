import type { Connection } from '@libp2p/interface'
import { pingConnection } from './ping-connection.ts'
import { RoundTrip } from './round-trip.ts'

export interface RoundTripMeterComponents {
  /** Connections to measure. */
  readonly connections: () => Iterable<Connection>
  /** @default pings the connection */
  readonly ping?: (connection: Connection, signal: AbortSignal) => Promise<number>
}

/** How often each connection is measured: one stream and 64 bytes. */
const INTERVAL_MS = 15_000
/** An answer that takes longer is none. */
const PING_TIMEOUT_MS = 10_000

/** Measures the round-trip time of each connection from time to time, one ping at a time. */
export class RoundTripMeter {
  readonly #components: RoundTripMeterComponents
  readonly #roundTrips = new WeakMap<Connection, RoundTrip>()
  readonly #measuring = new WeakSet<Connection>()
  readonly #stopped = new AbortController()
  #timer: NodeJS.Timeout | undefined

  constructor(components: RoundTripMeterComponents) {
    this.#components = components
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      for (const connection of this.#components.connections()) void this.measure(connection)
    }, INTERVAL_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#stopped.abort()
  }

  /** What is known of a connection until now. */
  of(connection: Connection): { readonly roundTripMs?: number; readonly jitterMs?: number } {
    const { roundTripMs, jitterMs } = this.#roundTrips.get(connection) ?? {}
    return {
      ...(roundTripMs === undefined ? {} : { roundTripMs: rounded(roundTripMs) }),
      ...(jitterMs === undefined ? {} : { jitterMs: rounded(jitterMs) }),
    }
  }

  /** Measures a connection now, unless it is being measured; the first time twice, so that its jitter is known. */
  async measure(connection: Connection): Promise<void> {
    if (this.#measuring.has(connection)) return
    this.#measuring.add(connection)
    const { ping = pingConnection } = this.#components
    const roundTrip = this.#roundTrips.get(connection) ?? new RoundTrip()
    try {
      do {
        const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(PING_TIMEOUT_MS)])
        roundTrip.add(await ping(connection, signal))
        this.#roundTrips.set(connection, roundTrip)
      } while (roundTrip.jitterMs === undefined)
    } catch {
      // No answer says nothing about the time: whether the peer is still there is the connection's to find out.
    } finally {
      this.#measuring.delete(connection)
    }
  }
}

/** Microseconds: what is behind them is noise. */
function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}
