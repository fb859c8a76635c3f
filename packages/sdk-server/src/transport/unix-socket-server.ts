import { chmod, lstat, mkdir, unlink } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { explainFileError, MeshError } from '@pastel-mesh/identity'
import type { AnyRouter } from '@trpc/server'
import { createHTTPHandler } from '@trpc/server/adapters/standalone'
import type { Context } from '../trpc.ts'
import { errorReport } from './error-report.ts'
import { EventStreams } from './event-streams.ts'
import { Lifecycle } from './lifecycle.ts'
import { MAX_BODY_BYTES } from './limits.ts'

/** Bytes of a Unix socket's path at most (Linux: 108 with the closing zero; macOS: 104). */
const MAX_PATH_BYTES = 103
/** Connections at a time: times the largest body, what callers can make the node hold in memory. */
export const MAX_SOCKET_CONNECTIONS = 64
const DEFAULT_DRAIN_MS = 3_000
/** Whoever follows a stream and does not take its end in that time does not read at all. */
const STREAM_END_MS = 500

export interface UnixSocketServerOptions {
  /** Path of the socket; only its owner may connect. */
  readonly path: string
  /** Requests under way at the stop have that long to end. @default 3000 */
  readonly drainMs?: number
}

export interface UnixSocketServerComponents {
  readonly router: () => AnyRouter
  readonly context: () => Context
  readonly onError: (error: Error) => void
}

/** Serves the routers on a Unix socket: for the operator on the machine, who needs no login. */
export class UnixSocketServer {
  readonly #path: string
  readonly #drainMs: number
  readonly #components: UnixSocketServerComponents
  readonly #responses = new Set<ServerResponse>()
  #server: Server | undefined
  readonly #lifecycle = new Lifecycle(
    () => this.#listen(),
    () => this.#close(),
  )

  constructor(options: UnixSocketServerOptions, components: UnixSocketServerComponents) {
    this.#path = options.path
    this.#drainMs = options.drainMs ?? DEFAULT_DRAIN_MS
    this.#components = components
  }

  /** @throws MeshError ERR_SOCKET_PATH, ERR_SOCKET_IN_USE, ERR_SOCKET */
  start(): Promise<void> {
    return this.#lifecycle.start()
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop()
  }

  async #listen(): Promise<void> {
    if (Buffer.byteLength(this.#path) > MAX_PATH_BYTES) {
      throw new MeshError(
        'ERR_SOCKET_PATH',
        `the path of the socket is longer than ${MAX_PATH_BYTES} bytes: ${this.#path}; choose a shorter data folder`,
      )
    }
    try {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
      await this.#removeStale()
      this.#server = await this.#bind(createServer(this.#handler()))
    } catch (cause) {
      if (cause instanceof MeshError) throw cause
      throw this.#unusable(explainFileError(cause), cause)
    }
  }

  async #bind(server: Server): Promise<Server> {
    server.maxConnections = MAX_SOCKET_CONNECTIONS
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject)
    server.once('listening', resolve)
    // The socket is made within this call, and nobody else may connect before the chmod. The mask is the whole
    // process's: nothing else may happen while it is set.
    const mask = process.umask(0o177)
    try {
      server.listen(this.#path)
    } finally {
      process.umask(mask)
    }
    await promise
    server.off('error', reject)
    // Such as no file descriptor left for a connection: one caller's trouble, not the node's end.
    server.on('error', this.#components.onError)
    try {
      await chmod(this.#path, 0o600)
    } catch (error) {
      server.close()
      throw error
    }
    return server
  }

  #handler(): (request: IncomingMessage, response: ServerResponse) => void {
    const { router, context, onError } = this.#components
    const report = errorReport(onError)
    const streams = new EventStreams({ router: router(), onError: report })
    const handle = createHTTPHandler({
      router: router(),
      createContext: context,
      basePath: '/trpc/',
      maxBodySize: MAX_BODY_BYTES,
      onError: report,
    })
    return (request, response) => {
      this.#responses.add(response)
      response.once('close', () => this.#responses.delete(response))
      if (streams.isAskedFor(request)) void streams.serve(request, response, context)
      else handle(request, response)
    }
  }

  async #close(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    // Otherwise the connections of those who are still answered stay open for their next request.
    for (const response of this.#responses) {
      if (!response.headersSent) response.setHeader('connection', 'close')
      const { socket } = response
      response.once('finish', () => socket?.destroySoon())
    }
    server.closeIdleConnections()
    const timers = [
      setTimeout(() => this.#cutStreams(), STREAM_END_MS),
      setTimeout(() => server.closeAllConnections(), this.#drainMs),
    ]
    await closed
    for (const timer of timers) clearTimeout(timer)
  }

  #cutStreams(): void {
    for (const response of this.#responses) {
      if (response.getHeader('content-type') === 'text/event-stream') response.destroy()
    }
  }

  /** Removes the socket that a crashed node left behind: one that nobody listens on. */
  async #removeStale(): Promise<void> {
    const found = await lstat(this.#path).catch(() => undefined)
    if (found === undefined) return
    // Whatever it is, it is not this node's to remove.
    if (!found.isSocket()) throw this.#unusable('there is something at its path that is no socket')
    const answer = await new Promise<string>((resolve) => {
      const probe = connect(this.#path)
      probe.once('connect', () => {
        probe.destroy()
        resolve('connected')
      })
      probe.once('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? error.message))
    })
    if (answer === 'ECONNREFUSED') await unlink(this.#path)
    // A node that is too busy to answer has its backlog full.
    else if (answer === 'connected' || answer === 'EAGAIN') {
      throw new MeshError(
        'ERR_SOCKET_IN_USE',
        `a node is already running on ${this.#path}: stop it, or use another data folder`,
      )
    } else if (answer !== 'ENOENT') throw this.#unusable(answer)
  }

  #unusable(reason: string, cause?: unknown): MeshError {
    return new MeshError('ERR_SOCKET', `the socket ${this.#path} cannot be opened: ${reason}`, { cause })
  }
}
