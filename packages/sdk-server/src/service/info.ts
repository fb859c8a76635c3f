import { nodeInfo } from '../rest/operations/node.ts'
import { MAX_BATCH_CALLS, MAX_BODY_BYTES } from '../transport/limits.ts'
import { readProcedure } from '../trpc.ts'
import { MAX_PAGE_BYTES, MAX_PAGE_MESSAGES } from './page.ts'
import { MAX_SENT } from './send.ts'

/** Which node it is, and what a call of its API may have. */
export const info = readProcedure.meta({ rest: nodeInfo }).query(({ ctx: { node, version } }) => ({
  version,
  network: node.network,
  pastelId: node.pastelId,
  peerId: node.peerId,
  limits: {
    batchCalls: MAX_BATCH_CALLS,
    bodyBytes: MAX_BODY_BYTES,
    callMessages: MAX_SENT,
    pageMessages: MAX_PAGE_MESSAGES,
    pageBytes: MAX_PAGE_BYTES,
  },
}))
