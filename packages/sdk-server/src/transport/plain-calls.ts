import {
  type AnyProcedure,
  type AnyRouter,
  callTRPCProcedure,
  getTRPCErrorFromUnknown,
  getTRPCErrorShape,
  type TRPCError,
  transformTRPCResponse,
} from '@trpc/server'
import { getHTTPStatusCode } from '@trpc/server/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../trpc.ts'
import { MAX_BATCH_CALLS, TRPC_PATH } from './limits.ts'

export interface PlainCallsComponents {
  readonly router: AnyRouter
  readonly context: (request: FastifyRequest) => Promise<Context>
  readonly onError: (failure: { readonly error: TRPCError; readonly path: string }) => void
}

/** A query or mutation of a request. */
interface Call {
  readonly path: string
  readonly type: 'query' | 'mutation'
  /** As it came; undefined: none did. */
  readonly input: unknown
}

/**
 * Queries and mutations by HTTP, one or a batch, in the form that tRPC takes and gives them. Its own adapter makes a request and a
 * response of the web out of each and streams the answer, which is most of the time of a call; so what is plainly a call
 * of what there is goes to the procedure from here, and everything else (other methods, names that there are not, input
 * that is no JSON, batches that are streamed) to tRPC.
 */
export class PlainCalls {
  readonly #components: PlainCallsComponents

  constructor(components: PlainCallsComponents) {
    this.#components = components
  }

  /** Undefined: it is for tRPC. */
  callsOf({ method, params, query, body, headers, routeOptions }: FastifyRequest): Call[] | undefined {
    if (routeOptions.url !== `${TRPC_PATH}/:path` || headers['trpc-accept'] !== undefined) return undefined
    const type = method === 'GET' ? 'query' : method === 'POST' ? 'mutation' : undefined
    const { batch, input } = query as Readonly<Record<string, unknown>>
    const text = type === 'query' ? input : body
    if (type === undefined || (text !== undefined && typeof text !== 'string')) return undefined
    const { path } = params as { readonly path: string }
    const isBatch = batch === '1'
    const paths = isBatch ? path.split(',', MAX_BATCH_CALLS + 1) : [path]
    if (paths.length > MAX_BATCH_CALLS || !paths.every((name) => this.#isThere(name, type))) return undefined
    const inputs = isBatch ? inputsOf(text) : [parse(text)]
    if (inputs === undefined || inputs.includes(NO_JSON)) return undefined
    return paths.map((name, index) => ({ path: name, type, input: inputs[index] }))
  }

  /** Makes the calls, all at once, and answers when the last has ended. */
  async answer(calls: readonly Call[], request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { router, context } = this.#components
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    const ctx = context(request)
    const answers = await Promise.all(calls.map((call, index) => this.#call(call, index, ctx, gone.signal)))
    const [first] = answers
    const isBatch = (request.query as { batch?: unknown }).batch === '1'
    const answer = isBatch || first === undefined ? answers : first
    reply.code(getHTTPStatusCode(answer as Parameters<typeof getHTTPStatusCode>[0]))
    const { _config } = router._def
    const vary = reply.getHeader('vary')
    await reply
      .header('vary', `${vary === undefined ? '' : `${vary}, `}trpc-accept, accept`)
      .type('application/json')
      .send(JSON.stringify(transformTRPCResponse(_config, answer as never)))
  }

  async #call(
    { path, type, input }: Call,
    batchIndex: number,
    context: Promise<Context>,
    signal: AbortSignal,
  ): Promise<object> {
    const { router, onError } = this.#components
    const { _config: config } = router._def
    let ctx: Context | undefined
    try {
      ctx = await context
      const data = await callTRPCProcedure({
        router,
        path,
        type,
        ctx,
        getRawInput: async () =>
          input === undefined ? undefined : config.transformer.input.deserialize(input as never),
        signal,
        batchIndex,
      })
      return { result: { data } }
    } catch (cause) {
      const error = getTRPCErrorFromUnknown(cause)
      onError({ error, path })
      return { error: getTRPCErrorShape({ config, ctx, error, input, path, type }) }
    }
  }

  #isThere(name: string, type: Call['type']): boolean {
    const procedures = this.#components.router._def.procedures as Readonly<Record<string, AnyProcedure>>
    return Object.hasOwn(procedures, name) && procedures[name]?._def.type === type
  }
}

const NO_JSON = Symbol('no JSON')

function parse(text: string | undefined): unknown {
  if (text === undefined || text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return NO_JSON
  }
}

/** Of a batch, by their number. @returns undefined if they are no such object */
function inputsOf(text: string | undefined): unknown[] | undefined {
  const inputs = parse(text)
  if (inputs === undefined) return []
  if (typeof inputs !== 'object' || inputs === null || Array.isArray(inputs)) return undefined
  const byNumber = inputs as Readonly<Record<string, unknown>>
  return Array.from({ length: MAX_BATCH_CALLS }, (_, index) =>
    Object.hasOwn(byNumber, String(index)) ? byNumber[String(index)] : undefined,
  )
}
