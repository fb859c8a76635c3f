import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { AnyProcedure, AnyRouter } from '@trpc/server'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { API_PATH } from '../rest/api-path.ts'
import { plainRefusal } from '../rest/rest-error.ts'
import { isAllowedHost } from './allowed-hosts.ts'
import { isTooDeep } from './json-depth.ts'
import { MAX_BATCH_CALLS, MAX_STRANGER_BODY_BYTES, TRPC_PATH } from './limits.ts'
import {
  IN_ADDRESS,
  OTHER_CONTENT,
  OTHER_HOST,
  type Refusal,
  refusalBody,
  TOO_DEEP,
  TOO_LARGE,
} from './refusal.ts'

/** A body that somebody who has logged in sends has that long to come to its end before it is refused. */
const READ_ON_MS = 2_000

/** Before the body of a request is read. @param allowedHosts as of {@link isAllowedHost} */
export function checkHead(request: FastifyRequest, allowedHosts: readonly string[]): Refusal | undefined {
  if (!isAllowedHost(request.headers.host, allowedHosts)) return OTHER_HOST
  // A form of another site's page could be sent with what the browser knows; JSON cannot, without being asked for.
  // Programs of this machine that call Pastel's endpoints send forms, or nothing; pages get nowhere there.
  if (!isOfLocalProgram(request) && hasOtherBody(request)) return OTHER_CONTENT
  const { connectionParams } = queryOf(request)
  // Over WebSockets it says that they come in the first message.
  return connectionParams === undefined || connectionParams === '1' ? undefined : IN_ADDRESS
}

/** Of Pastel's endpoints for this machine alone, which look at who calls before they read a body. */
export function isOfLocalProgram({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.config.pastel?.isLocal === true
}

/** Whether its body may be more than strangers send: one that does not say how long it is may be of any length. */
export function isLarge({ headers }: FastifyRequest): boolean {
  if (headers['transfer-encoding'] !== undefined) return true
  return Number(headers['content-length'] ?? 0) > MAX_STRANGER_BODY_BYTES
}

/** How many calls of a request get to no procedure; the others are counted there. */
export function strayCalls(
  { is404, method, params, routeOptions }: FastifyRequest,
  { _def: { procedures } }: AnyRouter,
): number {
  if (is404) return 1
  // A browser asks so whether it may call.
  if (routeOptions.url !== `${TRPC_PATH}/:path` || method === 'OPTIONS') return 0
  const known = procedures as Readonly<Record<string, AnyProcedure>>
  const { path } = params as { readonly path: string }
  return path.split(',', MAX_BATCH_CALLS).filter((name) => {
    const type = Object.hasOwn(known, name) ? known[name]?._def.type : undefined
    return type === undefined || method !== (type === 'mutation' ? 'POST' : 'GET')
  }).length
}

/** Before the body, or the input in the address, is parsed. */
export function checkInput(request: FastifyRequest): Refusal | undefined {
  const { input } = queryOf(request)
  const inputs = [request.body, ...(Array.isArray(input) ? input : [input])]
  return inputs.some((text) => typeof text === 'string' && isTooDeep(text)) ? TOO_DEEP : undefined
}

/** What Fastify itself refuses. */
export function refusalOf({ statusCode = 500 }: FastifyError): Refusal | undefined {
  if (statusCode === 413) return TOO_LARGE
  if (statusCode === 415) return OTHER_CONTENT
  return undefined
}

export async function refuse(reply: FastifyReply, refusal: Refusal): Promise<void> {
  const { status, retryAfterMs } = refusal
  if (refusal === TOO_LARGE) await readOn(reply.request.raw)
  // What comes of it is not read.
  if (status === 413) reply.header('connection', 'close')
  if (retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(retryAfterMs / 1000))
  await reply.code(status).send(bodyFor(reply.request, refusal))
}

/** In the shape in which what was asked for answers. */
function bodyFor({ url, routeOptions }: FastifyRequest, refusal: Refusal): object {
  if (routeOptions.config?.pastel !== undefined) return { detail: refusal.message }
  return url.startsWith(`${API_PATH}/`) ? plainRefusal(refusal) : refusalBody(refusal)
}

/** Who is still sending when the connection is closed may see that it broke, and not why. */
async function readOn(request: IncomingMessage): Promise<void> {
  request.resume()
  if (request.complete) return
  await once(request, 'end', { signal: AbortSignal.timeout(READ_ON_MS) }).catch(() => {})
}

function queryOf({ query }: FastifyRequest): Readonly<Record<string, unknown>> {
  return (query ?? {}) as Record<string, unknown>
}

function hasOtherBody({ method, headers }: FastifyRequest): boolean {
  if (method !== 'POST') return false
  const [type = ''] = (headers['content-type'] ?? '').split(';')
  return type.trim().toLowerCase() !== 'application/json'
}
