import { z } from 'zod'
import { pastelIdInput } from '../pastel-id-schema.ts'
import { discloseMessage, getDelivery, listSent, sendMessages } from '../rest/operations/direct.ts'
import {
  getMessage,
  listMessages,
  listStoredBy,
  proveMessage,
  publishMessages,
} from '../rest/operations/messages.ts'
import { readProcedure, router, sendProcedure } from '../trpc.ts'
import { checkMessages } from './check-messages.ts'
import { deliveryInput, readDelivery } from './delivery.ts'
import { discloseInput, readDisclosure } from './disclosure.ts'
import { getInput, readMessage } from './message.ts'
import { directOf, isOneChannel, messageFilter, ONE_CHANNEL, pageInput } from './message-filter.ts'
import { messageInput, toMessageInput } from './message-schema.ts'
import { readPage } from './page.ts'
import { proofInput, readProof } from './proof.ts'
import { sendAll, sendInput } from './send.ts'
import { readSent } from './sent.ts'
import { readStoredBy, storedByInput } from './stored-by.ts'
import { subscribe, subscribeInput } from './subscribe.ts'

/** Messages of one call; more go in several. */
const MAX_PUBLISH = 1_000

/** What this node stores, and what it writes: to topics, and to members alone. */
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
   * Seals, signs and stores messages for one member, or for each of some, in order; answers when they are on disk:
   * recipient by recipient, in the order of the messages. If one is wrong, or a recipient is no member, none is stored; if
   * it fails after some were stored, the error is `ERR_PARTLY_SENT`, its `data.sent` has those, and the rest was not.
   */
  send: sendProcedure
    .meta({ rest: sendMessages })
    .input(sendInput)
    .mutation(async ({ input: { to, messages }, ctx }) => {
      ctx.drain.assertTaking()
      return { sent: await sendAll(ctx.node, to, messages.map(toMessageInput)) }
    }),

  /**
   * A page of stored messages, the newest first unless asked otherwise. `next`, given as `from`, goes on where
   * a page ended that was not the last. `since` (included) and `until` (not included) are about the time at which
   * this node took a message in. With `type`, nothing is said of what is lost. With `inbox`, what came to the inbox and
   * has expired since then is there, too, as long as it is stored: `expiresAtMs` tells.
   */
  list: readProcedure
    .meta({ rest: listMessages })
    .input(z.strictObject({ ...messageFilter, ...pageInput }).refine(isOneChannel, ONE_CHANNEL))
    .query(({ input: { inbox, ...input }, ctx }) =>
      readPage({ ...input, direct: directOf(inbox), withExpired: inbox }, ctx),
    ),

  /** A page of what this node sent, the newest first unless asked otherwise, each with what is known of its delivery. */
  sent: readProcedure
    .meta({ rest: listSent })
    .input(z.strictObject({ ...pageInput, to: pastelIdInput.optional() }))
    .query(({ input, ctx }) => readSent(input, ctx)),

  /** One stored message; of direct ones those that this node sent or was sent. */
  get: readProcedure
    .meta({ rest: getMessage })
    .input(getInput)
    .query(({ input, ctx }) => readMessage(input, ctx)),

  /**
   * What is known of the delivery of a direct message of this node: at once, or with `waitMs` as soon as it does not
   * change any more, or when that time is over.
   */
  delivery: readProcedure
    .meta({ rest: getDelivery })
    .input(deliveryInput)
    .query(({ input, ctx, signal }) => readDelivery(input, ctx.node, signal)),

  /**
   * What is stored from a place on, then what comes, without end: as server-sent events, whose ids are cursors. The first
   * is of the kind `beginning` and says where that is, so that whoever connects again with `lastEventId` misses nothing,
   * though nothing had come, and gets nothing twice. What is lost is told in its place, also with `type`: nobody knows
   * what it was.
   */
  subscribe: readProcedure
    .input(subscribeInput)
    .subscription(({ input, ctx, signal }) => subscribe(input, ctx, signal)),

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

  /**
   * What shows a third party a direct message, and all others of its batch: see `openDisclosure` of the protocol.
   */
  disclose: readProcedure
    .meta({ rest: discloseMessage })
    .input(discloseInput)
    .query(({ input, ctx }) => readDisclosure(input, ctx)),
})
