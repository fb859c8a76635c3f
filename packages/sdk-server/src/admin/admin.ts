import { z } from 'zod'
import { operatorProcedure, router, viewerProcedure } from '../trpc.ts'
import { alerts } from './alerts.ts'
import { audit } from './audit.ts'
import { jobs } from './jobs.ts'
import { keys } from './keys.ts'
import { members } from './members.ts'
import { schedules } from './schedules.ts'
import { sessions } from './sessions.ts'
import { readStatus } from './status.ts'
import { unshared } from './unshared.ts'

/** The longest address is shorter; a wrong one is not repeated at length. */
const target = z.strictObject({ target: z.string().min(1).max(1_000) })

export const admin = router({
  /** What an operator asks first. */
  status: viewerProcedure.query(({ ctx }) => readStatus(ctx)),

  members,
  alerts,
  unshared,
  jobs,
  schedules,
  keys,
  sessions,
  audit,

  /** Connects to a PastelID, a multiaddr, or `address:port`. */
  connect: operatorProcedure
    .input(target)
    .mutation(({ input, ctx }) => ctx.node.connect(input.target, { signal: AbortSignal.timeout(15_000) })),

  /** Carries every topic that a node of the network announces, or only those that were joined; until the node stops. */
  setRelay: operatorProcedure.input(z.strictObject({ on: z.boolean() })).mutation(({ input, ctx }) => {
    ctx.node.setRelay(input.on)
    return { relay: ctx.node.relay }
  }),

  /** Ends the connection to a peer, which is not dialled again until `connect`. */
  disconnect: operatorProcedure.input(target).mutation(({ input, ctx }) => ctx.node.disconnect(input.target)),
})
