import { inboxChannel } from '@pastel-mesh/protocol'
import type { Context } from '../trpc.ts'

/** More have no counters of their own. */
const MAX_SENDERS = 32_768

/** What the status says of direct messages. */
export function directStatus({ node, store }: Pick<Context, 'node' | 'store'>) {
  const { counts } = store.counts({ by: 'pair', channel: inboxChannel(node.pastelId), limit: MAX_SENDERS })
  const { totalBytes, totalBatches, ownBytes, ownBatches } = store.carriedBytes()
  return {
    /** Messages that ever came to the inbox. */
    received: counts.reduce((sum, { messages }) => sum + messages, 0),
    /** Messages that wait for their recipients' certificates. */
    waiting: node.waiting().length,
    /** What this node sent, as far as it is not delivered. */
    undelivered: { batches: ownBatches, bytes: ownBytes },
    /** How much of the room for what is not delivered is taken, messages that wait for certificates included. */
    outbox: node.outbox(),
    /** What others sent, and this node keeps as a mailbox. */
    carried: { batches: totalBatches, bytes: totalBytes },
  }
}
