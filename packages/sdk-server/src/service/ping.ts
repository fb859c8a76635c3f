import { pingNode } from '../rest/operations/node.ts'
import { openProcedure } from '../trpc.ts'

/** Whether the server answers, and what time it has. */
export const ping = openProcedure.meta({ rest: pingNode }).query(() => ({ time: new Date() }))
