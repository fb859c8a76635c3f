import type { IncomingMessage } from 'node:http'
import cors from '@fastify/cors'
import { MeshError } from '@pastel-mesh/identity'
import type { AnyRouter } from '@trpc/server'
import { type FastifyTRPCPluginOptions, fastifyTRPCPlugin } from '@trpc/server/adapters/fastify'
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import type { Authenticator } from '../auth/authenticator.ts'
import type { CallLimits } from '../auth/call-limits.ts'
import { RateLimitError } from '../auth/rate-limit-error.ts'
import { LIVE, publicReadiness } from '../monitoring/readiness.ts'
import type { PastelEndpoints } from '../pastel/pastel-endpoints.ts'
import { API_PATH } from '../rest/api-path.ts'
import { serveDocuments } from '../rest/documents.ts'
import { operationsOf } from '../rest/operations.ts'
import { plainError } from '../rest/rest-error.ts'
import { serveRest } from '../rest/rest-routes.ts'
import type { Caller, Context } from '../trpc.ts'
import { limitConnections } from './connection-limit.ts'
import { errorReport } from './error-report.ts'
import { EventStreams } from './event-streams.ts'
import { Lifecycle } from './lifecycle.ts'
import { MAX_BATCH_CALLS, MAX_BODY_BYTES, TRPC_PATH } from './limits.ts'
import { PlainCalls } from './plain-calls.ts'
import { listeningOrigins, originsOf } from './public-origins.ts'
import { type Refusal, STRANGER_TOO_LARGE, tooManyCalls } from './refusal.ts'
import {
  checkHead,
  checkInput,
  isLarge,
  isOfLocalProgram,
  refusalOf,
  refuse,
  strayCalls,
} from './request-checks.ts'
import type { RequestLog } from './request-log.ts'
import { securityHeaders } from './security-headers.ts'
import { type CallerOf, callerBehind } from './trusted-proxies.ts'
import { WebSockets } from './web-sockets.ts'

export interface HttpServerOptions {
  /** @default 7123 */
  readonly port?: number
  /** Address to listen on. @default '127.0.0.1' */
  readonly host?: string
  /**
   * Names under which the server is reached, beside `localhost` and IP addresses: a request whose `Host` is another is
   * refused, so that no page of a browser reaches it by a name of its own. @default []
   */
  readonly allowedHosts?: readonly string[]
  /**
   * Where the server is reached, each with its scheme and port, such as `https://node.example`: a login is for one of
   * these, so that what somebody signed for another program is good for nothing here. Their names are allowed hosts.
   * @default `http`, the port that it listens on, and the address that it listens on, the names of the loopback and `allowedHosts`
   */
  readonly publicUrls?: readonly string[]
  /** Origins whose pages may call, such as `https://app.example`; the list may change meanwhile. @default [] */
  readonly corsOrigins?: readonly string[]
  /**
   * Proxies in front of it, as addresses or networks such as `10.0.0.0/8`: limits, and what is told of requests, have the
   * address that they say the caller has (`X-Forwarded-For`), and otherwise theirs. @default []
   */
  readonly trustedProxies?: readonly string[]
  /** Connections in all: each is a file of the process, and a few kilobytes of memory. @default 2000 */
  readonly maxConnections?: number
  /** Those of one address, which may be that of a proxy. @default 1000, so that none takes those of all others */
  readonly maxConnectionsOfAddress?: number
  /** WebSockets in all: the other half of the connections is for requests. @default 1000 */
  readonly maxWebSockets?: number
  /** Those of one session, or service key, which an application may have on many machines. @default 64 */
  readonly maxWebSocketsOfSession?: number
  /** Requests, and calls over WebSockets, under way at the stop have that long to end, in ms. @default 3000 */
  readonly drainMs?: number
}

export interface HttpServerComponents extends Pick<Context, 'node' | 'store' | 'queue' | 'drain'> {
  readonly router: () => AnyRouter
  readonly authenticator: Authenticator
  readonly limits: CallLimits
  readonly context: (caller: Caller) => Context
  readonly requests: RequestLog
  /** Undefined: Pastel's endpoints are not served. */
  readonly pastel: PastelEndpoints | undefined
  /** The time by which logins end. */
  readonly now: () => number
  readonly onError: (error: Error) => void
}

export const DEFAULT_PORT = 7123
const DEFAULT_HOST = '127.0.0.1'
const DEFAULT_DRAIN_MS = 3_000
export const DEFAULT_MAX_CONNECTIONS = 2_000
const DEFAULT_MAX_CONNECTIONS_OF_ADDRESS = 1_000
const DEFAULT_MAX_WEB_SOCKETS = 1_000
const DEFAULT_MAX_WEB_SOCKETS_OF_SESSION = 64
/** Names of all calls of a batch. */
const MAX_PATH_LENGTH = 5_000
/** Headers and body of a request have that long to arrive. */
const REQUEST_TIMEOUT_MS = 30_000

/** Serves the routers by HTTP, server-sent events and WebSockets, to who has logged in. */
export class HttpServer {
  readonly #options: HttpServerOptions
  readonly #components: HttpServerComponents
  readonly #publicOrigins: readonly string[]
  readonly #addressOf: CallerOf
  #fastify: FastifyInstance | undefined
  #webSockets: WebSockets | undefined
  readonly #lifecycle = new Lifecycle(
    () => this.#listen(),
    () => this.#close(),
  )

  /** @throws MeshError ERR_PUBLIC_URL, ERR_PROXY */
  constructor(options: HttpServerOptions, components: HttpServerComponents) {
    this.#options = options
    this.#components = components
    this.#publicOrigins = originsOf(options.publicUrls ?? [])
    this.#addressOf = callerBehind(options.trustedProxies ?? [])
  }

  /** Where it listens, such as `http://127.0.0.1:7123`; undefined: it does not. */
  get url(): string | undefined {
    return this.#fastify?.listeningOrigin
  }

  /** Where clients reach it. */
  get origins(): readonly string[] {
    if (this.#publicOrigins.length > 0) return this.#publicOrigins
    const { url } = this
    if (url === undefined) return []
    const { hostname, port } = new URL(url)
    return listeningOrigins(Number(port || 80), [hostname, ...(this.#options.allowedHosts ?? [])])
  }

  /** @throws MeshError ERR_API_LISTEN */
  start(): Promise<void> {
    return this.#lifecycle.start()
  }

  /** Takes no new requests; those under way end, if they do in time. */
  stop(): Promise<void> {
    return this.#lifecycle.stop()
  }

  async #listen(): Promise<void> {
    const { port = DEFAULT_PORT, host = DEFAULT_HOST } = this.#options
    const fastify = await this.#build()
    try {
      await fastify.listen({ port, host })
    } catch (cause) {
      await fastify.close()
      throw unusable(`${host}:${port}`, cause)
    }
    this.#fastify = fastify
  }

  async #close(): Promise<void> {
    const fastify = this.#fastify
    if (fastify === undefined) return
    this.#fastify = undefined
    const { drainMs = DEFAULT_DRAIN_MS } = this.#options
    const webSockets = this.#webSockets
    const cut = setTimeout(() => {
      webSockets?.terminate()
      fastify.server.closeAllConnections()
    }, drainMs)
    await fastify.close()
    clearTimeout(cut)
  }

  async #build(): Promise<FastifyInstance> {
    const { corsOrigins = [] } = this.#options
    const allowedHosts = [
      ...(this.#options.allowedHosts ?? []),
      ...this.#publicOrigins.map((origin) => new URL(origin).hostname),
    ]
    const fastify = Fastify({
      bodyLimit: MAX_BODY_BYTES,
      requestTimeout: REQUEST_TIMEOUT_MS,
      routerOptions: { maxParamLength: MAX_PATH_LENGTH },
      forceCloseConnections: 'idle',
      // Such as a path that no text has; what is asked for in it is not repeated.
      frameworkErrors: ({ statusCode = 400, message }, { url }, reply) =>
        (reply as FastifyReply).code(statusCode).send(
          plainError(
            statusCode,
            message.replace(url, () => url.split('?', 1)[0] ?? ''),
          ),
        ),
    })
    this.#components.requests.watch(fastify, this.#components.router(), this.#addressOf)
    const { onError: report } = this.#trpcOptions()
    const streams = new EventStreams({ router: this.#components.router(), onError: report })
    const plain = new PlainCalls({
      router: this.#components.router(),
      context: ({ headers, raw }) => this.#contextOf(headers.authorization, raw),
      onError: report,
    })
    const secure = securityHeaders()
    fastify.addHook('onRequest', async (request, reply) => {
      reply.headers(secure)
      const refusal = checkHead(request, allowedHosts) ?? (await this.#checkCaller(request))
      if (refusal !== undefined) await refuse(reply, refusal)
    })
    fastify.addHook('onSend', async (_, reply) => {
      if (this.#lifecycle.isStopping) reply.header('connection', 'close')
    })
    // Otherwise the connection of a stream, which said that it is kept, is waited for.
    fastify.addHook('onResponse', async ({ raw }) => {
      if (this.#lifecycle.isStopping) raw.socket.destroySoon()
    })
    fastify.addHook('preHandler', async (request, reply) => {
      const refusal = checkInput(request)
      if (refusal !== undefined) return refuse(reply, refusal)
      const calls = plain.callsOf(request)
      if (calls !== undefined) return plain.answer(calls, request, reply)
      if (streams.isAskedFor(request.raw)) this.#stream(streams, request, reply)
    })
    fastify.setErrorHandler(async (error: FastifyError, _request, reply) => {
      const refusal = refusalOf(error)
      if (refusal === undefined) throw error
      await refuse(reply, refusal)
    })
    fastify.get('/livez', async () => LIVE)
    const readiness = publicReadiness(this.#components)
    fastify.get('/readyz', async (_, reply) => {
      const { status, body } = await readiness()
      return reply.code(status).send(body)
    })
    const {
      maxConnections: max = DEFAULT_MAX_CONNECTIONS,
      maxConnectionsOfAddress: maxOfAddress = DEFAULT_MAX_CONNECTIONS_OF_ADDRESS,
    } = this.#options
    limitConnections(fastify.server, { max, maxOfAddress })
    const origin = async () => [...corsOrigins]
    await fastify.register(cors, { origin, methods: ['GET', 'POST'], maxAge: 600 })
    this.#webSockets = this.#createWebSockets(corsOrigins)
    await this.#webSockets.serve(fastify)
    await fastify.register(fastifyTRPCPlugin<AnyRouter>, {
      prefix: TRPC_PATH,
      trpcOptions: {
        ...this.#trpcOptions(),
        // Nothing but the header counts: what stands in an address is kept in logs and histories.
        createContext: ({ req }) => this.#contextOf(req.headers.authorization, req.raw),
      } satisfies FastifyTRPCPluginOptions<AnyRouter>['trpcOptions'],
    })
    const { router, pastel, onError } = this.#components
    serveDocuments(fastify, operationsOf(router()), {
      url: this.#publicOrigins[0],
      withPastel: pastel !== undefined,
    })
    if (pastel !== undefined) await fastify.register(async (scope) => pastel.serve(scope, this.#addressOf))
    await fastify.register(
      async (rest) =>
        serveRest(rest, {
          router: router(),
          context: ({ headers, raw }) => this.#contextOf(headers.authorization, raw),
          onError,
        }),
      { prefix: API_PATH },
    )
    return fastify
  }

  /** What depends on who it is: strangers send little, and nobody asks without end for what is not there. */
  async #checkCaller(request: FastifyRequest): Promise<Refusal | undefined> {
    const stray = strayCalls(request, this.#components.router())
    const isTooLong = isLarge(request) && !isOfLocalProgram(request)
    if (!isTooLong && stray === 0) return undefined
    const { headers, raw } = request
    const { session, address } = await this.#contextOf(headers.authorization, raw)
    if (isTooLong && session === undefined) return STRANGER_TOO_LARGE
    try {
      for (let count = 0; count < stray; count += 1) this.#components.limits.take(session, address)
      return undefined
    } catch (error) {
      if (error instanceof RateLimitError) return tooManyCalls(error)
      throw error
    }
  }

  #createWebSockets(corsOrigins: readonly string[]): WebSockets {
    const {
      maxWebSockets = DEFAULT_MAX_WEB_SOCKETS,
      maxWebSocketsOfSession = DEFAULT_MAX_WEB_SOCKETS_OF_SESSION,
    } = this.#options
    return new WebSockets(
      {
        path: TRPC_PATH,
        max: maxWebSockets,
        maxOfSession: maxWebSocketsOfSession,
        trpcOptions: this.#trpcOptions(),
      },
      {
        isAllowedOrigin: (origin) => corsOrigins.includes(origin) || this.origins.includes(origin),
        context: (request, shown) => this.#contextOf(shown, request),
        addressOf: this.#addressOf,
        charge: (session, address) => this.#components.limits.takeFrame(session, address),
        now: this.#components.now,
      },
    )
  }

  #stream(streams: EventStreams, { headers, raw }: FastifyRequest, reply: FastifyReply): void {
    reply.hijack()
    const context = () => this.#contextOf(headers.authorization, raw)
    void streams.serve(raw, reply.raw, context, reply.getHeaders())
  }

  async #contextOf(shown: string | undefined, request: IncomingMessage): Promise<Context> {
    const { authenticator, context, requests } = this.#components
    const address = this.#addressOf(request)
    const contextOf = (caller: Omit<Caller, 'address'>) =>
      context(requests.seen(request, { ...caller, address }))
    try {
      return contextOf({ session: await authenticator.authenticate(shown) })
    } catch (error) {
      // What anybody may call, such as logging in, does not take a good token.
      if (error instanceof MeshError) return contextOf({ session: undefined, loginError: error })
      throw error
    }
  }

  #trpcOptions() {
    const { router, onError } = this.#components
    return { router: router(), maxBatchSize: MAX_BATCH_CALLS, onError: errorReport(onError) }
  }
}

function unusable(where: string, cause: unknown): MeshError {
  const { code, message } = cause as NodeJS.ErrnoException
  const reason =
    code === 'EADDRINUSE'
      ? 'another program, or another node, listens there: choose another, or `off`'
      : message
  return new MeshError('ERR_API_LISTEN', `the API cannot listen on ${where}: ${reason}`, { cause })
}
