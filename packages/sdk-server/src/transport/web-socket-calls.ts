import { type AnyRouter, getErrorShape, TRPCError, transformTRPCResponse } from '@trpc/server'
import { jsonEncoder } from '@trpc/server/adapters/ws'
import { parseTRPCMessage } from '@trpc/server/rpc'
import { isTooDeep } from './json-depth.ts'
import { MAX_BATCH_CALLS } from './limits.ts'
import { TOO_DEEP } from './refusal.ts'

/** Calls of a batch that is too large and has each of its calls answered so; more would be answered with far more. */
const MAX_REFUSED_CALLS = 1_000

/** What came is nothing that is answered. */
export class WebSocketViolation extends Error {}

/** @throws Error: it is no JSON, or too deep */
export function parseMessage(data: string | ArrayBuffer | Uint8Array): unknown {
  if (typeof data === 'string' && isTooDeep(data)) throw new Error(TOO_DEEP.message)
  return jsonEncoder.decode(data)
}

/**
 * What tRPC is to have of what came over a WebSocket. A call that is no good, or whose input is refused, is answered
 * here, with its own id: tRPC answers as one, without an id, all that came with it.
 *
 * @param answer sends an answer
 * @throws WebSocketViolation; Error: it is no JSON, or too deep
 */
export function readCalls(
  data: string | ArrayBuffer | Uint8Array,
  router: AnyRouter,
  answer: (text: string) => void,
): unknown {
  const message = parseMessage(data)
  if (!Array.isArray(message)) return readCall(message, router, answer)
  if (message.length > MAX_REFUSED_CALLS) {
    throw new WebSocketViolation(`a batch has ${MAX_BATCH_CALLS} calls at most`)
  }
  // tRPC refuses it.
  if (message.length > MAX_BATCH_CALLS) return message
  return message.flatMap((call) => readCall(call, router, answer))
}

function readCall(call: unknown, router: AnyRouter, answer: (text: string) => void): unknown[] {
  try {
    const read = parseTRPCMessage(call, router._def._config.transformer)
    // tRPC takes the annotations of the input once more: there are none any more.
    return 'params' in read
      ? [{ ...read, params: { ...read.params, input: { json: read.params.input } } }]
      : [read]
  } catch (cause) {
    answer(refusalOf(call, router, cause as Error))
    return []
  }
}

interface MaybeCall {
  readonly id?: unknown
  readonly params?: { readonly path?: unknown } | null
}

function refusalOf(call: unknown, { _def }: AnyRouter, cause: Error): string {
  const { _config: config, procedures } = _def
  const { id, params } = (typeof call === 'object' && call !== null ? call : {}) as MaybeCall
  const path =
    typeof params?.path === 'string' && Object.hasOwn(procedures, params.path) ? params.path : undefined
  const error =
    cause instanceof TRPCError ? cause : new TRPCError({ code: 'PARSE_ERROR', message: cause.message, cause })
  const shape = getErrorShape({ config, error, type: 'unknown', path, input: undefined, ctx: undefined })
  const isId = typeof id === 'number' || typeof id === 'string'
  return jsonEncoder.encode(transformTRPCResponse(config, { id: isId ? id : null, error: shape })) as string
}
