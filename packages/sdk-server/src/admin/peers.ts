import { type Ban, MAX_BAN_REASON } from '@pastel-mesh/sdk-node'
import { z } from 'zod'
import { operatorProcedure, router, viewerProcedure } from '../trpc.ts'

/** The longest address is shorter; a wrong one is not repeated at length. */
const targetInput = z.string().min(1).max(1_000)
const target = z.strictObject({ target: targetInput })

const DIAL_MS = 15_000

const ban = z
  .strictObject({
    /** A PastelID, a PeerId, or an IP address. */
    target: targetInput,
    /** How long from now, in ms. */
    forMs: z.number().int().positive().max(Number.MAX_SAFE_INTEGER).optional(),
    /** Or when it ends, in ms since 1970. */
    untilMs: z.number().int().positive().max(Number.MAX_SAFE_INTEGER).optional(),
    reason: z.string().min(1).max(MAX_BAN_REASON).optional(),
  })
  .refine(({ forMs, untilMs }) => forMs === undefined || untilMs === undefined, {
    error: 'give forMs or untilMs, not both',
  })

/** Who is connected, and who may not be. */
export const peers = router({
  /** Those that are connected, each once. */
  list: viewerProcedure.query(({ ctx }) => ctx.node.peers()),

  /** Connects to a PastelID, a multiaddr, or `address:port`. */
  dial: operatorProcedure
    .input(target)
    .mutation(({ input, ctx }) => ctx.node.connect(input.target, { signal: AbortSignal.timeout(DIAL_MS) })),

  /** Ends the connection to a peer, which is not dialled again until `dial`; it may come back by itself. */
  disconnect: operatorProcedure.input(target).mutation(({ input, ctx }) => ctx.node.disconnect(input.target)),

  /** Those that hold, the newest first. */
  bans: viewerProcedure.query(({ ctx }): Ban[] => ctx.node.bans.list()),

  /** Ends all connections to somebody and lets none be made, in either direction, until the ban ends. */
  ban: operatorProcedure.input(ban).mutation(({ input, ctx }) => {
    const { reason, forMs } = input
    const untilMs = forMs === undefined ? input.untilMs : Date.now() + forMs
    return ctx.node.bans.ban(input.target, {
      ...(untilMs === undefined ? {} : { untilMs }),
      ...(reason === undefined ? {} : { reason }),
    })
  }),

  unban: operatorProcedure.input(target).mutation(({ input, ctx }) => ctx.node.bans.unban(input.target)),
})
