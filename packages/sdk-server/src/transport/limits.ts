/** Where tRPC is. */
export const TRPC_PATH = '/trpc'
/** Bytes of a request: a thousand messages of some kilobytes, or a few of the largest. */
export const MAX_BODY_BYTES = 8 * 1024 * 1024
/**
 * Bytes of a request of somebody who has not logged in, who has no more to say than that: times the connections, which
 * anybody can fill, 125 MiB.
 */
export const MAX_STRANGER_BODY_BYTES = 64 * 1024
/** Calls of one request. */
export const MAX_BATCH_CALLS = 20
