import { type AnyRouter, callTRPCProcedure, getTRPCErrorFromUnknown } from '@trpc/server'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { isInternal } from '../error-format.ts'
import { TOO_DEEP } from '../transport/refusal.ts'
import { refusalOf, refuse } from '../transport/request-checks.ts'
import type { Context } from '../trpc.ts'
import { parseJsonBodies, TooDeepError } from './json-bodies.ts'
import { type Operation, operationsOf, pathNames } from './operations.ts'
import { queryReader } from './query-input.ts'
import { plainError, toRestError } from './rest-error.ts'

export interface RestComponents {
  readonly router: AnyRouter
  readonly context: (request: FastifyRequest) => Promise<Context>
  readonly onError: (error: Error) => void
}

const METHODS: readonly HTTPMethods[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** Serves what procedures say that they are over plain HTTP, relative to where it is registered. */
export function serveRest(fastify: FastifyInstance, { router, context, onError }: RestComponents): void {
  parseJsonBodies(fastify)
  const methods = new Map<string, HTTPMethods[]>()
  for (const operation of operationsOf(router)) {
    const url = operation.path.replaceAll(/\{(\w+)\}/g, ':$1')
    methods.set(url, [...(methods.get(url) ?? []), operation.method])
    const readInput = inputReader(operation)
    fastify.route({
      method: operation.method,
      url,
      handler: async (request, reply) => {
        try {
          return await call(operation, readInput(request), { router, ctx: await context(request), reply })
        } catch (cause) {
          const error = getTRPCErrorFromUnknown(cause)
          if (isInternal(error) && !reply.raw.closed)
            onError(new Error(`${operation.procedure} failed: ${error.message}`, { cause }))
          const { status, body } = toRestError(error)
          if (status === 401) reply.header('www-authenticate', 'Bearer')
          if (body.retryAfterMs !== undefined)
            reply.header('retry-after', Math.ceil(body.retryAfterMs / 1000))
          return reply.code(status).send(body)
        }
      },
    })
  }
  for (const [url, known] of methods) {
    fastify.route({
      method: METHODS.filter((method) => !known.includes(method)),
      url,
      handler: (request, reply) =>
        reply
          .code(405)
          .header('allow', known.join(', '))
          .send(plainError(405, `${request.method} is not what ${url} takes`)),
    })
  }
  fastify.setNotFoundHandler((_, reply) =>
    reply.code(404).send(plainError(404, 'there is nothing here: see /api/v1/openapi.json')),
  )
  fastify.setErrorHandler(async (error: FastifyError, _, reply) => {
    const refusal = error instanceof TooDeepError ? TOO_DEEP : refusalOf(error)
    if (refusal !== undefined) return refuse(reply, refusal)
    const { statusCode: status = 500 } = error
    if (status < 500) return reply.code(status).send(plainError(status, error.message))
    onError(new Error(`a request failed: ${error.message}`, { cause: error }))
    return reply.code(500).send(plainError(500, 'an internal error: see the log of the node'))
  })
}

/** Ends with the connection: some procedures wait. */
async function call(
  { procedure, type }: Operation,
  input: unknown,
  { router, ctx, reply }: { router: AnyRouter; ctx: Context; reply: FastifyReply },
): Promise<unknown> {
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  return callTRPCProcedure({
    router,
    path: procedure,
    type,
    ctx,
    getRawInput: async () => input,
    signal: gone.signal,
    batchIndex: 0,
  })
}

function inputReader({ method, path, input }: Operation): (request: FastifyRequest) => unknown {
  if (input === undefined) return () => undefined
  if (method === 'POST') {
    if (pathNames(path).length > 0) throw new Error(`${path}: the input of what is posted is its body`)
    return ({ body }) => body
  }
  const readQuery = queryReader(input)
  return ({ query, params }) => ({
    ...readQuery(query as Readonly<Record<string, unknown>>),
    ...(params as object),
  })
}
