import { admin } from './admin/admin.ts'
import { auth } from './auth/procedures.ts'
import { info } from './service/info.ts'
import { members } from './service/members.ts'
import { messages } from './service/messages.ts'
import { ping } from './service/ping.ts'
import { pulse } from './service/pulse.ts'
import { statistics } from './service/statistics.ts'
import { topics } from './service/topics.ts'
import { router } from './trpc.ts'

export const appRouter = router({
  service: router({ info, ping, pulse, messages, topics, members, statistics }),
  admin,
  auth,
})

/** The type that clients are built on. */
export type AppRouter = typeof appRouter
