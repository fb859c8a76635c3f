import { admin } from './admin/admin.ts'
import { auth } from './auth/procedures.ts'
import { direct } from './service/direct.ts'
import { messages } from './service/messages.ts'
import { ping } from './service/ping.ts'
import { statistics } from './service/statistics.ts'
import { router } from './trpc.ts'

export const appRouter = router({ service: router({ ping, messages, direct, statistics }), admin, auth })

/** The type that clients are built on. */
export type AppRouter = typeof appRouter
