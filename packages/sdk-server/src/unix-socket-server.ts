import { chmod, mkdir, unlink } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { MeshError } from '@pastel-mesh/identity'
import { createHTTPHandler } from '@trpc/server/adapters/standalone'
import { appRouter } from './router.ts'
import type { Context } from './trpc.ts'

/** Bytes of a Unix socket's path at most (Linux: 108 with the closing zero; macOS: 104). */
const MAX_PATH_BYTES = 103
/** Bytes of a request: a thousand messages of some kilobytes, or a few of the largest. */
const MAX_BODY_BYTES = 8 * 1024 * 1024
/** Requests under way at the stop have that long to end. */
const DRAIN_MS = 3_000

export interface UnixSocketServerOptions {
  /** Path of the socket; only its owner may connect. */
  readonly path: string
}

/** Serves the routers on a Unix socket: for the operator on the machine, who needs no login. */
export class UnixSocketServer {
  readonly #path: string
  readonly #context: () => Context
  #server: Server | undefined

  constructor(options: UnixSocketServerOptions, components: { context: () => Context }) {
    this.#path = options.path
    this.#context = components.context
  }

  /** @throws MeshError ERR_SOCKET_PATH, ERR_SOCKET_IN_USE, ERR_SOCKET */
  async start(): Promise<void> {
    if (this.#server !== undefined) return
    if (Buffer.byteLength(this.#path) > MAX_PATH_BYTES) {
      throw new MeshError(
        'ERR_SOCKET_PATH',
        `the path of the socket is longer than ${MAX_PATH_BYTES} bytes: ${this.#path}; choose a shorter data folder`,
      )
    }
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
    await this.#removeStale()
    const handler = createHTTPHandler({
      router: appRouter,
      createContext: this.#context,
      basePath: '/trpc/',
      maxBodySize: MAX_BODY_BYTES,
    })
    const server = createServer(handler)
    const umask = process.umask(0o177)
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(this.#path, resolve)
      })
    } catch (cause) {
      throw new MeshError(
        'ERR_SOCKET',
        `the socket ${this.#path} cannot be opened: ${(cause as Error).message}`,
        { cause },
      )
    } finally {
      process.umask(umask)
    }
    await chmod(this.#path, 0o600)
    this.#server = server
  }

  async stop(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeIdleConnections()
    const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
    await closed
    clearTimeout(timer)
  }

  /** A socket that a crashed node left behind answers nobody. */
  async #removeStale(): Promise<void> {
    const answers = await new Promise<boolean>((resolve) => {
      const probe = connect(this.#path)
      probe.once('connect', () => {
        probe.destroy()
        resolve(true)
      })
      probe.once('error', () => resolve(false))
    })
    if (answers) {
      throw new MeshError(
        'ERR_SOCKET_IN_USE',
        `a node is already running on ${this.#path}: stop it, or use another data folder`,
      )
    }
    await unlink(this.#path).catch(() => {})
  }
}
