/** Bytes of a request: a thousand messages of some kilobytes, or a few of the largest. */
export const MAX_BODY_BYTES = 8 * 1024 * 1024
/** Calls of one request. */
export const MAX_BATCH_CALLS = 20
