import { z } from 'zod'
import { operatorProcedure, router, viewerProcedure } from '../trpc.ts'
import { alerts } from './alerts.ts'
import { audit } from './audit.ts'
import { configuration } from './configuration.ts'
import { jobs } from './jobs.ts'
import { keys } from './keys.ts'
import { members } from './members.ts'
import { pasteld } from './pasteld-status.ts'
import { peers } from './peers.ts'
import { drain, shutdown } from './process.ts'
import { schedules } from './schedules.ts'
import { sessions } from './sessions.ts'
import { readStatus } from './status.ts'
import { store } from './store.ts'
import { topics } from './topics.ts'
import { unshared } from './unshared.ts'

export const admin = router({
  /** What an operator asks first. */
  status: viewerProcedure.query(({ ctx }) => readStatus(ctx)),

  peers,
  topics,
  members,
  alerts,
  unshared,
  jobs,
  schedules,
  keys,
  sessions,
  audit,
  store,
  configuration,
  pasteld,
  drain,
  shutdown,

  /** Carries every topic that a node of the network announces, or only those that were joined; until the node stops. */
  setRelay: operatorProcedure.input(z.strictObject({ on: z.boolean() })).mutation(({ input, ctx }) => {
    ctx.node.setRelay(input.on)
    return { relay: ctx.node.relay }
  }),
})
