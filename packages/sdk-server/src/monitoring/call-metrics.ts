import { Counter, Histogram, type Registry } from 'prom-client'

/** Upper ends of the buckets, in seconds: from what reads memory to what waits for others. */
const BUCKETS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30]

/** What became of the calls of procedures. */
export class CallMetrics {
  readonly #calls: Counter
  readonly #seconds: Histogram

  constructor(registry: Registry) {
    this.#calls = new Counter({
      name: 'pmesh_api_calls_total',
      help: 'Calls of procedures, by what became of them: OK, or the code of the error',
      labelNames: ['procedure', 'code'],
      registers: [registry],
    })
    this.#seconds = new Histogram({
      name: 'pmesh_api_call_seconds',
      help: 'How long calls took; of a subscription until it was set up',
      labelNames: ['procedure'],
      buckets: BUCKETS,
      registers: [registry],
    })
  }

  /** @param procedure one that is there: what callers make up must not become labels */
  ended(procedure: string, code: string, ms: number): void {
    this.#calls.inc({ procedure, code })
    this.#seconds.observe({ procedure }, ms / 1_000)
  }
}
