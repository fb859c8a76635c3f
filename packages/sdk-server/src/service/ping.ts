import { openProcedure } from '../trpc.ts'

/** Whether the server answers, and what time it has. */
export const ping = openProcedure.query(() => ({ time: new Date() }))
