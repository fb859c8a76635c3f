import type { TRPC_ERROR_CODE_KEY } from '@trpc/server'

/** What our own errors are in the terms of tRPC, which has an HTTP status for each. */
const CODES: Readonly<Record<string, TRPC_ERROR_CODE_KEY>> = {
  // The caller can mend it.
  ERR_ADDRESS: 'BAD_REQUEST',
  ERR_CURSOR: 'BAD_REQUEST',
  ERR_MESSAGE: 'BAD_REQUEST',
  ERR_MESSAGE_ID: 'BAD_REQUEST',
  ERR_TOPIC_NAME: 'BAD_REQUEST',
  ERR_NOT_CONNECTED: 'NOT_FOUND',
  ERR_NOT_STORED: 'NOT_FOUND',
  ERR_UNKNOWN_PEER: 'NOT_FOUND',
  // Later it may work.
  ERR_OUTBOUND_FULL: 'TOO_MANY_REQUESTS',
  ERR_TOO_MANY_FOLLOWERS: 'TOO_MANY_REQUESTS',
  ERR_DISK_RESERVE: 'SERVICE_UNAVAILABLE',
  ERR_NOT_STARTED: 'SERVICE_UNAVAILABLE',
  ERR_STOPPED: 'SERVICE_UNAVAILABLE',
  ERR_STORE_UNAVAILABLE: 'SERVICE_UNAVAILABLE',
  // Another node is at fault.
  ERR_DIAL: 'BAD_GATEWAY',
  ERR_NOT_CERTIFIED: 'BAD_GATEWAY',
}

export function trpcCode(meshCode: string): TRPC_ERROR_CODE_KEY {
  return CODES[meshCode] ?? 'INTERNAL_SERVER_ERROR'
}
