import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { MeshError } from '@pastel-mesh/identity'
import type { Drain } from '../admin/drain.ts'
import { isAllowedHost } from '../transport/allowed-hosts.ts'
import { Lifecycle } from '../transport/lifecycle.ts'
import type { NodeMetrics, NodeMetricsComponents } from './node-metrics.ts'
import { LIVE, readiness } from './readiness.ts'

export interface MonitoringOptions {
  /** Port of the page for Prometheus; of its own, so that no proxy leads to it. @default 7125 */
  readonly port?: number
  /** @default '127.0.0.1' */
  readonly host?: string
}

export interface MonitoringComponents extends NodeMetricsComponents {
  readonly metrics: NodeMetrics
  readonly drain: Drain
  /** As those of the API. */
  readonly allowedHosts: readonly string[]
}

export const DEFAULT_MONITORING_PORT = 7125
const DEFAULT_HOST = '127.0.0.1'
/** A scraper or two, and who looks. */
export const MAX_MONITORING_CONNECTIONS = 16
/** Headers and the rest of a request have that long to arrive. */
const REQUEST_TIMEOUT_MS = 10_000

/** Serves `/metrics`, `/livez` and `/readyz`, to whoever reaches its port. */
export class MonitoringServer {
  readonly #options: MonitoringOptions
  readonly #components: MonitoringComponents
  #server: Server | undefined
  readonly #lifecycle = new Lifecycle(
    () => this.#listen(),
    () => this.#close(),
  )

  constructor(options: MonitoringOptions, components: MonitoringComponents) {
    this.#options = options
    this.#components = components
  }

  /** Such as `http://127.0.0.1:7125`; undefined: it does not listen. */
  get url(): string | undefined {
    const address = this.#server?.address()
    if (address == null || typeof address === 'string') return undefined
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
    return `http://${host}:${address.port}`
  }

  /** @throws MeshError ERR_METRICS_LISTEN */
  start(): Promise<void> {
    return this.#lifecycle.start()
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop()
  }

  async #listen(): Promise<void> {
    const { port = DEFAULT_MONITORING_PORT, host = DEFAULT_HOST } = this.#options
    const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
      this.#answer(request, response).catch((cause: Error) => {
        const { message } = cause
        this.#components.onError(new Error(`${request.url} could not be answered: ${message}`, { cause }))
        response.destroy()
      })
    })
    server.maxConnections = MAX_MONITORING_CONNECTIONS
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject)
    server.listen(port, host, resolve)
    try {
      await promise
    } catch (cause) {
      throw new MeshError(
        'ERR_METRICS_LISTEN',
        `metrics cannot be served on ${host}:${port}: ${reasonOf(cause)}`,
        { cause },
      )
    }
    server.off('error', reject)
    // Such as no file descriptor left for a connection: a scraper's trouble, not the node's end.
    server.on('error', this.#components.onError)
    this.#server = server
  }

  async #close(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { metrics, allowedHosts } = this.#components
    const [path] = (request.url ?? '').split('?')
    if (path === '/metrics' && !isAllowedHost(request.headers.host, allowedHosts)) {
      answerJson(response, 421, { message: 'ask for an IP address, localhost, or a name in api.hosts' })
    } else if (path === '/metrics') {
      const page = await metrics.page()
      response.setHeader('content-type', metrics.contentType)
      response.end(page)
    } else if (path === '/livez') {
      answerJson(response, 200, LIVE)
    } else if (path === '/readyz') {
      const { status, body } = await readiness(this.#components)
      answerJson(response, status, body)
    } else answerJson(response, 404, { message: 'there are /metrics, /livez and /readyz' })
  }
}

function answerJson(response: ServerResponse, status: number, body: object): void {
  response.statusCode = status
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(body))
}

function reasonOf(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException
  return code === 'EADDRINUSE'
    ? 'another program, or another node, listens there: choose another, or `off`'
    : message
}
