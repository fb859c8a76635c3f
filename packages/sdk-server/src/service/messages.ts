import { z } from 'zod'
import {
  getMessage,
  listMessages,
  listStoredBy,
  proveMessage,
  publishMessages,
} from '../rest/operations/messages.ts'
import { readProcedure, router, sendProcedure } from '../trpc.ts'
import { checkMessages } from './check-messages.ts'
import { follow, followInput } from './follow.ts'
import { getInput, readMessage } from './message.ts'
import { messageFilter } from './message-filter.ts'
import { messageInput, toMessageInput } from './message-schema.ts'
import { MAX_PAGE_MESSAGES, readPage } from './page.ts'
import { proofInput, readProof } from './proof.ts'
import { readStoredBy, storedByInput } from './stored-by.ts'
import { timeInput } from './time-schema.ts'

/** Messages of one call; more go in several. */
const MAX_PUBLISH = 1_000

export const messages = router({
  /** Signs and stores messages; answers when they are on disk. If one is wrong, none is stored. */
  publish: sendProcedure
    .meta({ rest: publishMessages })
    .input(z.strictObject({ topic: z.string(), messages: z.array(messageInput).min(1).max(MAX_PUBLISH) }))
    .mutation(async ({ input, ctx }) => {
      ctx.drain.assertTaking()
      const messages = input.messages.map(toMessageInput)
      checkMessages(messages)
      const accepted = await ctx.node.publishMany(input.topic, messages)
      return { ids: accepted.map(({ id }) => id) }
    }),

  /**
   * A page of stored messages, the newest first unless asked otherwise. `next`, given as `from`, goes on where
   * a page ended that was not the last. `since` (included) and `until` (not included) are about the time at which
   * this node took a message in. With `type`, nothing is said of what is lost.
   */
  list: readProcedure
    .meta({ rest: listMessages })
    .input(
      z.strictObject({
        ...messageFilter,
        since: timeInput.optional(),
        until: timeInput.optional(),
        from: z.string().optional(),
        oldestFirst: z.boolean().default(false),
        limit: z.number().int().min(1).max(MAX_PAGE_MESSAGES).default(100),
      }),
    )
    .query(({ input, ctx }) => readPage(input, ctx)),

  /** One stored message; of direct ones those that this node sent or was sent. */
  get: readProcedure
    .meta({ rest: getMessage })
    .input(getInput)
    .query(({ input, ctx }) => readMessage(input, ctx)),

  /**
   * What is stored from a place on, then what comes, without end: as server-sent events, whose ids are cursors. Whoever
   * connects again with `lastEventId` misses nothing and gets nothing twice.
   */
  follow: readProcedure
    .input(followInput)
    .subscription(({ input, ctx, signal }) => follow(input, ctx, signal)),

  /** The signed batch that holds a message, and the one before it, as they are stored: for whoever verifies them. */
  proof: readProcedure
    .meta({ rest: proveMessage })
    .input(proofInput)
    .query(({ input, ctx }) => readProof(input, ctx)),

  /**
   * Which of the members that announce its topic store a message of this node: those that are connected and have not said
   * so yet are asked now, which may take some seconds.
   */
  storedBy: readProcedure
    .meta({ rest: listStoredBy })
    .input(storedByInput)
    .query(({ input, ctx, signal }) => readStoredBy(input, ctx, signal)),
})
