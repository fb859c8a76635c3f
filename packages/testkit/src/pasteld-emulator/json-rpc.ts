import {
  RPC_INVALID_REQUEST,
  RPC_METHOD_NOT_FOUND,
  RPC_MISC_ERROR,
  RPC_PARSE_ERROR,
  RpcError,
} from './rpc-error.ts'

/** @throws RpcError or anything else, which becomes one */
export type Execute = (method: string, params: readonly unknown[]) => Promise<unknown>

export interface JsonAnswer {
  readonly status: number
  readonly body: string
}

/** What a core answers to the body of a request: JSON-RPC 1.0 with the core's HTTP statuses. */
export async function answerJson(body: string, execute: Execute): Promise<JsonAnswer> {
  let request: unknown
  try {
    request = JSON.parse(body)
  } catch {
    return failed(new RpcError(RPC_PARSE_ERROR, 'Parse error'), null)
  }
  // Of a batch each part has its own error, and the whole is never one.
  if (Array.isArray(request)) {
    const replies: object[] = []
    for (const part of request) replies.push((await reply(part, execute)).json)
    return { status: 200, body: `${JSON.stringify(replies)}\n` }
  }
  if (!isObject(request)) {
    return failed(new RpcError(RPC_PARSE_ERROR, 'Top-level object parse error'), null)
  }
  const { json, error } = await reply(request, execute)
  return error === undefined ? { status: 200, body: `${JSON.stringify(json)}\n` } : failed(error, json.id)
}

interface Reply {
  readonly json: { readonly result: unknown; readonly error: unknown; readonly id: unknown }
  readonly error?: RpcError
}

async function reply(request: unknown, execute: Execute): Promise<Reply> {
  const id = isObject(request) ? (request.id ?? null) : null
  try {
    const { method, params } = parse(request)
    return { json: { result: (await execute(method, params)) ?? null, error: null, id } }
  } catch (cause) {
    if (cause instanceof NoAnswer) throw cause
    const error = cause instanceof RpcError ? cause : new RpcError(RPC_MISC_ERROR, (cause as Error).message)
    return { json: { result: null, error: { code: error.code, message: error.message }, id }, error }
  }
}

/** There is none to give: the connection goes another way. */
export class NoAnswer extends Error {}

function parse(request: unknown): { method: string; params: readonly unknown[] } {
  if (!isObject(request)) throw new RpcError(RPC_INVALID_REQUEST, 'Invalid Request object')
  const { method, params = [] } = request
  if (method === undefined || method === null) throw new RpcError(RPC_INVALID_REQUEST, 'Missing method')
  if (typeof method !== 'string') throw new RpcError(RPC_INVALID_REQUEST, 'Method must be a string')
  if (params === null) return { method, params: [] }
  if (!Array.isArray(params)) throw new RpcError(RPC_INVALID_REQUEST, 'Params must be an array')
  return { method, params }
}

function failed({ code, message }: RpcError, id: unknown): JsonAnswer {
  const status = code === RPC_INVALID_REQUEST ? 400 : code === RPC_METHOD_NOT_FOUND ? 404 : 500
  return { status, body: `${JSON.stringify({ result: null, error: { code, message }, id })}\n` }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
