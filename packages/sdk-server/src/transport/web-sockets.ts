import type { IncomingMessage } from 'node:http'
import websocket, { type WebSocket } from '@fastify/websocket'
import { MeshError } from '@pastel-mesh/identity'
import type { AnyRouter } from '@trpc/server'
import { getWSConnectionHandler, jsonEncoder, type WSSHandlerOptions } from '@trpc/server/adapters/ws'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Session, sessionName } from '../auth/session.ts'
import { Places } from '../places.ts'
import { type Context, toTrpcError } from '../trpc.ts'
import { MAX_BODY_BYTES } from './limits.ts'
import { NO_WEB_SOCKET, OTHER_ORIGIN, type Refusal, TOO_MANY_WEB_SOCKETS } from './refusal.ts'
import { refuse } from './request-checks.ts'
import type { CallerOf } from './trusted-proxies.ts'
import { WebSocketConnection } from './web-socket-connection.ts'

/** Bytes of a message, of whoever is logged in. */
const MAX_MESSAGE_BYTES = MAX_BODY_BYTES

export interface WebSocketsOptions {
  readonly path: string
  /** In all. */
  readonly max: number
  readonly maxOfSession: number
  /** What the routers are served with. */
  readonly trpcOptions: Pick<WSSHandlerOptions<AnyRouter>, 'router' | 'onError' | 'maxBatchSize'>
}

export interface WebSocketsComponents {
  /** Whether pages of it may connect. */
  readonly isAllowedOrigin: (origin: string) => boolean
  /** @param shown what it shows when it connects; undefined: nothing */
  readonly context: (request: IncomingMessage, shown: string | undefined) => Promise<Context>
  readonly addressOf: CallerOf
  /** Counts what came. @throws RateLimitError */
  readonly charge: (session: Session | undefined, address: string) => void
  /** The time by which logins end. */
  readonly now: () => number
}

/** The WebSockets of a server: so many, and none of pages that may not. */
export class WebSockets {
  readonly #options: WebSocketsOptions
  readonly #components: WebSocketsComponents
  readonly #connections = new Set<WebSocketConnection>()
  readonly #places: Places

  constructor(options: WebSocketsOptions, components: WebSocketsComponents) {
    this.#options = options
    this.#components = components
    this.#places = new Places(options.maxOfSession)
  }

  async serve(fastify: FastifyInstance): Promise<void> {
    await fastify.register(websocket, {
      options: { maxPayload: MAX_MESSAGE_BYTES },
      preClose: (done) => {
        for (const connection of this.#connections) connection.end()
        done()
      },
    })
    fastify.addHook('onRequest', async (request, reply) => {
      const refusal = request.ws ? this.#refusalOf(request) : undefined
      if (refusal !== undefined) await refuse(reply, refusal)
    })
    fastify.get(this.#options.path, { websocket: true }, (socket, { raw }) =>
      this.#connect(socket, raw, fastify.websocketServer),
    )
  }

  /** Whoever has not gone by then. */
  terminate(): void {
    for (const connection of this.#connections) connection.terminate()
  }

  #refusalOf({ routeOptions, headers: { origin } }: FastifyRequest): Refusal | undefined {
    // Otherwise it would be opened, and closed.
    if (routeOptions.url !== this.#options.path) return NO_WEB_SOCKET
    // Browsers let pages of all origins open WebSockets, and say which it is.
    if (origin !== undefined && !this.#components.isAllowedOrigin(origin)) return OTHER_ORIGIN
    return this.#connections.size < this.#options.max ? undefined : TOO_MANY_WEB_SOCKETS
  }

  #connect(socket: WebSocket, request: IncomingMessage, wss: FastifyInstance['websocketServer']): void {
    const { context, addressOf, charge, now } = this.#components
    const { socket: stream } = request
    const address = addressOf(request)
    const connection = new WebSocketConnection({
      socket,
      stream,
      router: this.#options.trpcOptions.router,
      charge: (session) => charge(session, address),
      now,
    })
    this.#connections.add(connection)
    socket.once('close', () => this.#connections.delete(connection))
    const serve = getWSConnectionHandler<AnyRouter>({
      ...this.#options.trpcOptions,
      wss,
      experimental_encoder: { encode: jsonEncoder.encode, decode: connection.decode },
      createContext: ({ info: { connectionParams } }) =>
        connection.logIn(async () => {
          const found = await context(
            request,
            connectionParams?.authorization ?? request.headers.authorization,
          )
          if (found.session !== undefined) this.#enter(socket, found.session)
          return found
        }),
    })
    serve(socket, request)
  }

  /** @throws TRPCError TOO_MANY_REQUESTS */
  #enter(socket: WebSocket, session: Session): void {
    // It may have gone while it logged in.
    if (socket.readyState === socket.CLOSED) return
    const leave = this.#places.take(sessionName(session))
    if (leave !== undefined) {
      socket.once('close', leave)
      return
    }
    const { maxOfSession } = this.#options
    throw toTrpcError(
      new MeshError(
        'ERR_TOO_MANY_CONNECTIONS',
        `this session has ${maxOfSession} WebSockets already, and no more may be: one carries any number of calls`,
      ),
    )
  }
}
