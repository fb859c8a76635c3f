import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { Buckets } from '../auth/buckets.ts'
import type { CallLimits } from '../auth/call-limits.ts'
import { parseJsonBodies, TooDeepError } from '../rest/json-bodies.ts'
import { TOO_DEEP } from '../transport/refusal.ts'
import { refusalOf } from '../transport/request-checks.ts'
import { whyNotLocal } from './local-caller.ts'
import { PassphraseChecks } from './passphrase-checks.ts'
import type { PastelComponents } from './pastel-components.ts'
import { type PastelHandlersComponents, pastelHandlers } from './pastel-handlers.ts'
import { PASTEL_OPERATIONS, type PastelOperation } from './pastel-operations.ts'
import { PastelRefusal, refusalFor } from './pastel-refusal.ts'
import { FORM, inputReader, parseForm } from './read-input.ts'
import { SendMessages } from './send-messages.ts'
import { UserMessages, type UserMessagesComponents } from './user-messages.ts'
import { UserProof } from './user-proof.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Of Pastel's endpoints. */
    readonly pastel?: Pick<PastelOperation, 'isLocal'>
  }
}

export interface PastelEndpointsComponents
  extends Omit<UserMessagesComponents, 'directory'>,
    Pick<PastelHandlersComponents, 'drain'> {
  readonly pastel: PastelComponents
  readonly limits: CallLimits
  readonly now: () => number
}

/** The largest message, each character of which may take six in JSON, as long as most take fewer. */
const MAX_LOCAL_BODY_BYTES = 1024 * 1024
/** Of all programs of the machine together, which need no session. */
const LOCAL_RATE = { perSecond: 200, burst: 2_000 }
const METHODS: readonly HTTPMethods[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** Pastel's own HTTP endpoints, as its Python layer has them. */
export class PastelEndpoints {
  readonly #components: PastelEndpointsComponents
  readonly #users: UserMessages
  readonly #proof: UserProof
  readonly #checks = new PassphraseChecks()
  readonly #local = new Buckets(LOCAL_RATE)

  constructor(components: PastelEndpointsComponents) {
    this.#components = components
    const { node, store, onError, pastel, now } = components
    this.#users = new UserMessages({ node, store, onError, directory: pastel.directory })
    this.#proof = new UserProof(now)
  }

  start(): Promise<void> {
    return this.#users.start()
  }

  stop(): Promise<void> {
    return this.#users.stop()
  }

  /** @param addressOf by which limits count the caller */
  serve(fastify: FastifyInstance, addressOf: (request: FastifyRequest['raw']) => string): void {
    const { node, drain, pastel } = this.#components
    parseJsonBodies(fastify)
    fastify.addContentTypeParser<string>(FORM, { parseAs: 'string' }, (_, body, done) =>
      done(null, parseForm(body)),
    )
    // Before the body is read, and after what holds for every request.
    fastify.addHook('onRequest', async ({ raw, routeOptions }, reply) => {
      reply.header('cache-control', 'no-store')
      const isLocal = routeOptions.config.pastel?.isLocal === true
      const why = whyNotLocal(raw)
      if (isLocal && why !== undefined) throw new PastelRefusal(401, `Unauthorized: ${why}`)
      // Apart: a proxy that hides what it is keeps nobody from what is for the machine alone.
      if (why === undefined) this.#local.take(isLocal ? 'own' : 'users', 'calls')
      else this.#components.limits.take(undefined, addressOf(raw))
    })
    fastify.setErrorHandler((error, request, reply) => this.#refuse(error, request, reply))
    const handlers = pastelHandlers({
      node,
      drain,
      directory: pastel.directory,
      sending: new SendMessages({ ...pastel, node, checks: this.#checks }),
      users: this.#users,
      proof: this.#proof,
    })
    for (const [name, operation] of Object.entries<PastelOperation>(PASTEL_OPERATIONS)) {
      const handle = handlers[name as keyof typeof handlers] as (input: unknown, call: object) => unknown
      const readInput = inputReader(operation)
      const { method, isLocal, type } = operation
      const url = operation.path.replaceAll(/\{(\w+)\}/g, ':$1')
      const config = { pastel: { isLocal } }
      fastify.route({
        method,
        url,
        config,
        ...(isLocal ? { bodyLimit: MAX_LOCAL_BODY_BYTES } : {}),
        handler: async (request, reply) => {
          const gone = new AbortController()
          reply.raw.once('close', () => gone.abort())
          const call = { address: addressOf(request.raw), signal: gone.signal }
          const answer = await handle(readInput(request), call)
          if (type !== undefined)
            reply
              .type(`${type}; charset=utf-8`)
              .header('content-disposition', 'attachment; filename=supernode_list.csv')
          return type === undefined ? reply.type('application/json').send(JSON.stringify(answer)) : answer
        },
      })
      fastify.route({
        method: METHODS.filter((other) => other !== method),
        url,
        config,
        handler: (_, reply) => {
          reply.header('allow', method)
          throw new PastelRefusal(405, 'Method Not Allowed')
        },
      })
    }
  }

  #refuse(error: unknown, { raw, routeOptions }: FastifyRequest, reply: FastifyReply): FastifyReply {
    const known = refusalFor(error) ?? ofFastify(error)
    const refusal = known ?? new PastelRefusal(500, 'Internal Server Error: see the log of the node')
    if (known === undefined && !reply.raw.closed) {
      const { message } = error as Error
      this.#components.onError(
        new Error(`${raw.method} ${routeOptions.url} failed: ${message}`, { cause: error }),
      )
    }
    const { status, detail, retryAfterMs, more } = refusal
    if (status === 413) reply.header('connection', 'close')
    if (retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(retryAfterMs / 1000))
    // Clients of the Python layer look at `status` of what they send, whatever that of HTTP is.
    const isSending = routeOptions.config.pastel?.isLocal === true && raw.method === 'POST'
    const told = isSending ? { status: 'error', message: refusal.message } : {}
    return reply.code(status).send({ detail, ...told, ...more })
  }
}

/** What Fastify found wrong with a request. */
function ofFastify(error: unknown): PastelRefusal | undefined {
  if (error instanceof TooDeepError) return new PastelRefusal(TOO_DEEP.status, TOO_DEEP.message)
  const { statusCode = 500 } = error as { statusCode?: number }
  if (statusCode >= 500) return undefined
  const refusal = refusalOf(error as Parameters<typeof refusalOf>[0])
  // Never its own text, which may have a piece of the body in it.
  return new PastelRefusal(statusCode, refusal?.message ?? 'the request cannot be read')
}
