import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AnyRouter, TRPCError } from '@trpc/server'
import { getHTTPStatusCodeFromError } from '@trpc/server/http'
import type { FastifyInstance } from 'fastify'
import type { Caller } from '../trpc.ts'
import { MAX_BATCH_CALLS, TRPC_PATH } from './limits.ts'
import type { CallerOf } from './trusted-proxies.ts'

/** A request by HTTP and what became of it, without anything that the caller sent beside its path. */
export interface RequestEvent {
  /** `WS`: a call over a WebSocket. */
  readonly method: string
  /** Without what is asked for in it, and of a bounded length. */
  readonly path: string
  /** Procedures of the tRPC routers that it called; `?`: one that there is not. */
  readonly procedures: readonly string[]
  /** 101: of a WebSocket, at its end; 499: the caller hung up before it was answered. */
  readonly status: number
  readonly tookMs: number
  /** Who called, as the audit log has it; absent: somebody without a session. */
  readonly kind?: string
  readonly subject?: string
  readonly session?: string
  /** Why what the caller showed did not count: a code. */
  readonly refused?: string
  /** An IP address, or for IPv6 its network. */
  readonly address: string
}

/** Characters of a path that are told. */
const MAX_PATH = 200
/** What nginx has for it. */
const HUNG_UP = 499
const SWITCHED = 101
/** A service key, a token, 256 bits in hexadecimal: no path has them but by mistake, and then they are not for a log. */
const SECRET = /pmk_|(?<![\w-])[\w-]{16,}\.[\w-]{16,}\.[\w-]{16,}|[0-9a-f]{64}/i

/** Tells of every request when it has ended, and of every call over a WebSocket. */
export class RequestLog {
  readonly #tell: ((event: RequestEvent) => void) | undefined
  readonly #callers = new WeakMap<IncomingMessage, Caller>()

  /** @param tell undefined: nobody is told */
  constructor(tell: ((event: RequestEvent) => void) | undefined) {
    this.#tell = tell
  }

  /**
   * Also of requests that get to no route, such as one whose path cannot be read.
   * @param router what is served: what callers make up is not told
   */
  watch(fastify: FastifyInstance, router: AnyRouter, addressOf: CallerOf): void {
    if (this.#tell === undefined) return
    fastify.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const ended = this.#begun(request, router, addressOf)
      response.once('close', () => ended(response.headersSent ? response.statusCode : HUNG_UP))
    })
    fastify.addHook('onRequest', async ({ raw }, { raw: response }) => {
      if (raw.headers.upgrade === undefined) return
      const ended = this.#begun(raw, router, addressOf)
      raw.socket.once('close', () => ended(response.headersSent ? response.statusCode : SWITCHED))
    })
  }

  /** Notes who makes a request. @returns the caller; over a WebSocket one whose calls are told of */
  seen(request: IncomingMessage, caller: Caller): Caller {
    if (this.#tell === undefined) return caller
    this.#callers.set(request, caller)
    if (request.headers.upgrade === undefined) return caller
    return { ...caller, onCall: (...call) => this.#called(caller, ...call) }
  }

  #called(caller: Caller, procedure: string, error: TRPCError | undefined, tookMs: number): void {
    this.#tell?.({
      method: 'WS',
      path: TRPC_PATH,
      procedures: [procedure],
      status: error === undefined ? 200 : getHTTPStatusCodeFromError(error),
      tookMs: Math.round(tookMs),
      ...describeCaller(caller),
    })
  }

  /** @returns to be called when it has ended */
  #begun(
    request: IncomingMessage,
    { _def: { procedures } }: AnyRouter,
    addressOf: CallerOf,
  ): (status: number) => void {
    const beginMs = performance.now()
    const { method = '?', url = '' } = request
    // A socket that is closed has none any more.
    const stranger: Caller = { session: undefined, address: addressOf(request) }
    return (status) =>
      this.#tell?.({
        method,
        ...describePath(url, procedures as object),
        status,
        tookMs: Math.round(performance.now() - beginMs),
        ...describeCaller(this.#callers.get(request) ?? stranger),
      })
  }
}

function describeCaller({ session, loginError, address }: Caller) {
  return {
    ...(session === undefined ? {} : { kind: session.kind, subject: session.subject }),
    ...(session?.id === undefined ? {} : { session: session.id }),
    ...(loginError === undefined ? {} : { refused: loginError.code }),
    address,
  }
}

function describePath(url: string, there: object): Pick<RequestEvent, 'path' | 'procedures'> {
  const [path = ''] = url.split('?', 1)
  if (path.startsWith(`${TRPC_PATH}/`)) {
    const names = path.slice(TRPC_PATH.length + 1).split(',', MAX_BATCH_CALLS)
    const isThere = (name: string) => Object.hasOwn(there, name)
    return { path: TRPC_PATH, procedures: names.map((name) => (isThere(name) ? name : '?')) }
  }
  return { path: holdsSecret(path) ? '(secret)' : path.slice(0, MAX_PATH), procedures: [] }
}

function holdsSecret(path: string): boolean {
  if (SECRET.test(path)) return true
  try {
    return SECRET.test(decodeURIComponent(path))
  } catch {
    return false
  }
}
