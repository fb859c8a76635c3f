import { z } from 'zod'
import { pastelIdInput } from '../pastel-id-schema.ts'
import {
  discloseDirect,
  getDelivery,
  listInbox,
  listSent,
  sendDirect,
  waitForDirect,
} from '../rest/operations/direct.ts'
import { readProcedure, router, sendProcedure } from '../trpc.ts'
import { toDeliveryOutput, waitForDelivery } from './delivery.ts'
import { discloseInput, readDisclosure } from './disclosure.ts'
import { pageInput } from './message-filter.ts'
import { messageInput, toMessageInput } from './message-schema.ts'
import { readPage } from './page.ts'
import { MAX_SENT, sendAll } from './send.ts'
import { readSent } from './sent.ts'

/** Ids are shorter; a wrong one is not repeated at length. */
const idInput = z.string().min(1).max(100)

/** Below the time for which a client waits for an answer. */
const MAX_WAIT_MS = 20_000

/** Direct messages; what comes to the inbox is followed with `messages.follow` and `direct: 'received'`. */
export const direct = router({
  /**
   * Seals, signs and stores messages for one member, or for each of some, in order; answers when they are on disk:
   * recipient by recipient, in the order of the messages. If one is wrong, or a recipient is no member, none is stored; if
   * it fails after some were stored, the error is `ERR_PARTLY_SENT`, its `data.sent` has those, and the rest was not.
   */
  send: sendProcedure
    .meta({ rest: sendDirect })
    .input(
      z
        .strictObject({
          to: z.array(pastelIdInput).min(1).max(MAX_SENT),
          messages: z.array(messageInput).min(1).max(MAX_SENT),
        })
        .refine(
          ({ to, messages }) => to.length * messages.length <= MAX_SENT,
          `that is too much for one call: recipients times messages may be ${MAX_SENT} at most`,
        ),
    )
    .mutation(async ({ input: { to, messages }, ctx }) => {
      ctx.drain.assertTaking()
      return { sent: await sendAll(ctx.node, to, messages.map(toMessageInput)) }
    }),

  /**
   * A page of what came to this node's inbox, as `messages.list` gives them; what has expired since then, too, as long
   * as it is stored: `expiresAtMs` tells.
   */
  inbox: readProcedure
    .meta({ rest: listInbox })
    .input(z.strictObject({ ...pageInput, sender: pastelIdInput.optional() }))
    .query(({ input, ctx }) => readPage({ ...input, direct: 'received', withExpired: true }, ctx)),

  /** A page of what this node sent, the newest first unless asked otherwise, each with what is known of its delivery. */
  sent: readProcedure
    .meta({ rest: listSent })
    .input(z.strictObject({ ...pageInput, to: pastelIdInput.optional() }))
    .query(({ input, ctx }) => readSent(input, ctx)),

  /** What is known of the delivery of a message of this node. */
  status: readProcedure
    .meta({ rest: getDelivery })
    .input(z.strictObject({ id: idInput }))
    .query(async ({ input, ctx }) => toDeliveryOutput(await ctx.node.status(input.id), ctx.node)),

  /** The same as soon as it does not change any more, or when the time is over. */
  wait: readProcedure
    .meta({ rest: waitForDirect })
    .input(z.strictObject({ id: idInput, timeoutMs: z.number().int().min(1).max(MAX_WAIT_MS) }))
    .query(({ input, ctx, signal }) => waitForDelivery(input, ctx.node, signal)),

  /** What shows a third party a message, and all others of its batch: see `openDisclosure` of the protocol. */
  disclose: readProcedure
    .meta({ rest: discloseDirect })
    .input(discloseInput)
    .query(({ input, ctx }) => readDisclosure(input, ctx)),
})
