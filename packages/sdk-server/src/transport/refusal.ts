import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc'
import type { RateLimitError } from '../auth/rate-limit-error.ts'

/** Why a request gets to no procedure. */
export interface Refusal {
  readonly status: number
  readonly code: keyof typeof TRPC_ERROR_CODES_BY_KEY
  readonly meshCode: string
  readonly message: string
  /** Of what was too much: when it may work. */
  readonly retryAfterMs?: number
}

/** A refusal in the shape of every other error, so that clients need to know but one. */
export function refusalBody({ status, code, meshCode, message, retryAfterMs }: Refusal): object {
  const data = { code, httpStatus: status, meshCode, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
  return { error: { json: { message, code: TRPC_ERROR_CODES_BY_KEY[code], data } } }
}

export function tooManyCalls({ code, message, retryAfterMs }: RateLimitError): Refusal {
  return { status: 429, code: 'TOO_MANY_REQUESTS', meshCode: code, message, retryAfterMs }
}

export const OTHER_HOST: Refusal = {
  status: 421,
  code: 'BAD_REQUEST',
  meshCode: 'ERR_HOST',
  message:
    'this server is not reached by that name: ask for an IP address, localhost, or a name in api.hosts',
}
export const OTHER_CONTENT: Refusal = {
  status: 415,
  code: 'UNSUPPORTED_MEDIA_TYPE',
  meshCode: 'ERR_CONTENT_TYPE',
  message: 'send application/json',
}
export const TOO_LARGE: Refusal = {
  status: 413,
  code: 'PAYLOAD_TOO_LARGE',
  meshCode: 'ERR_TOO_LARGE',
  message: 'the request is too large: send fewer messages at a time',
}
export const STRANGER_TOO_LARGE: Refusal = {
  ...TOO_LARGE,
  message:
    'the request is too large: without a login, 64 KiB are taken, and their length must be said before',
}
export const TOO_DEEP: Refusal = {
  status: 400,
  code: 'BAD_REQUEST',
  meshCode: 'ERR_TOO_DEEP',
  message: 'the JSON of the request is too deep: 32 levels of objects and arrays are taken',
}
export const NO_WEB_SOCKET: Refusal = {
  status: 404,
  code: 'NOT_FOUND',
  meshCode: 'ERR_NO_WEB_SOCKET',
  message: 'there are no WebSockets here, but at /trpc',
}
export const OTHER_ORIGIN: Refusal = {
  status: 403,
  code: 'FORBIDDEN',
  meshCode: 'ERR_ORIGIN',
  message:
    'pages of this origin may open no WebSockets: api.origins of the configuration names those that may',
}
export const TOO_MANY_WEB_SOCKETS: Refusal = {
  status: 429,
  code: 'TOO_MANY_REQUESTS',
  meshCode: 'ERR_TOO_MANY_CONNECTIONS',
  message: 'there are too many WebSockets: try again later',
}
export const IN_ADDRESS: Refusal = {
  status: 400,
  code: 'BAD_REQUEST',
  meshCode: 'ERR_TOKEN_IN_URL',
  message: 'connectionParams are not taken from an address, which logs keep: use the header authorization',
}
