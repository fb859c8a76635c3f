import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { API_PATH } from '../rest/api-path.ts'
import { plainRefusal } from '../rest/rest-error.ts'
import { isAllowedHost } from './allowed-hosts.ts'
import { isTooDeep } from './json-depth.ts'
import {
  IN_ADDRESS,
  OTHER_CONTENT,
  OTHER_HOST,
  type Refusal,
  refusalBody,
  TOO_DEEP,
  TOO_LARGE,
} from './refusal.ts'

/** Before the body of a request is read. @param allowedHosts as of {@link isAllowedHost} */
export function checkHead(request: FastifyRequest, allowedHosts: readonly string[]): Refusal | undefined {
  if (!isAllowedHost(request.headers.host, allowedHosts)) return OTHER_HOST
  // A form of another site's page could be sent with what the browser knows; JSON cannot, without being asked for.
  if (hasOtherBody(request)) return OTHER_CONTENT
  const { connectionParams } = queryOf(request)
  // Over WebSockets it says that they come in the first message.
  return connectionParams === undefined || connectionParams === '1' ? undefined : IN_ADDRESS
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
  const isPlain = reply.request.url.startsWith(`${API_PATH}/`)
  await reply.code(refusal.status).send(isPlain ? plainRefusal(refusal) : refusalBody(refusal))
}

function queryOf({ query }: FastifyRequest): Readonly<Record<string, unknown>> {
  return (query ?? {}) as Record<string, unknown>
}

function hasOtherBody({ method, headers }: FastifyRequest): boolean {
  if (method !== 'POST') return false
  const [type = ''] = (headers['content-type'] ?? '').split(';')
  return type.trim().toLowerCase() !== 'application/json'
}
