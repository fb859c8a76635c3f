import { decodePastelId, encodePastelId } from '@pastel-mesh/identity'
import { parseChannel, topicChannel } from '@pastel-mesh/protocol'
import type { Count, CountedBy, MessageStore } from '@pastel-mesh/storage'
import { z } from 'zod'
import { pastelIdInput } from '../pastel-id-schema.ts'
import { listCounts, readTotals } from '../rest/operations/statistics.ts'
import { readProcedure, router } from '../trpc.ts'

/** Counters of one page. */
const MAX_PAGE_COUNTS = 1_000

/** The receivers of the API are the channels of the store. */
const KINDS = { sender: 'sender', receiver: 'channel', pair: 'pair' } satisfies Record<string, CountedBy>

/** What this node ever took in, own messages included, and what it stores now. */
export const statistics = router({
  totals: readProcedure
    .meta({ rest: readTotals })
    .query(({ ctx }) => ({ taken: ctx.store.taken, stored: storedNow(ctx.store) })),

  /**
   * Counters by sender, by receiver (a topic, or the inbox of a PastelID) or by both, the largest first, or with
   * `first` in an order that stays while they grow, for whoever reads all pages. `size` says how many there are, `others`
   * what those have together that came when all counters were taken.
   */
  list: readProcedure
    .meta({ rest: listCounts })
    .input(
      z.strictObject({
        by: z.enum(['sender', 'receiver', 'pair']),
        sender: pastelIdInput.optional(),
        topic: z.string().optional(),
        order: z.enum(['messages', 'batches', 'bytes', 'first']).default('messages'),
        offset: z.number().int().min(0).default(0),
        limit: z.number().int().min(1).max(MAX_PAGE_COUNTS).default(100),
      }),
    )
    .query(({ input, ctx }) => {
      const { by, sender, topic, ...rest } = input
      // The senders of one topic, or the receivers of one sender, are pairs.
      const isPair = (by === 'sender' && topic !== undefined) || (by === 'receiver' && sender !== undefined)
      const { counts, size, others } = ctx.store.counts({
        ...rest,
        by: isPair ? 'pair' : KINDS[by],
        ...(sender === undefined ? {} : { sender: decodePastelId(sender) }),
        ...(topic === undefined ? {} : { channel: topicChannel(topic) }),
      })
      return { counts: counts.map(toCountOutput), size, others }
    }),
})

function storedNow({ sizes, floor, end }: MessageStore) {
  return {
    messages: sizes.storedMessages,
    batches: sizes.storedBatches,
    bytes: sizes.storedBytes,
    floor,
    end,
  }
}

function toCountOutput({ sender, channel, messages, batches, bytes }: Count) {
  return {
    ...(sender === undefined ? {} : { sender: encodePastelId(sender) }),
    ...(channel === undefined ? {} : receiverOf(channel)),
    messages,
    batches,
    bytes,
  }
}

function receiverOf(name: string): { topic: string } | { recipient: string } {
  const channel = parseChannel(name)
  return channel.kind === 'topic' ? { topic: channel.topic } : { recipient: channel.recipient }
}
