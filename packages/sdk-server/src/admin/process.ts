import { MeshError } from '@pastel-mesh/identity'
import { adminProcedure } from '../trpc.ts'
import { queueStatus } from './queue-stats.ts'

/** How a process is asked to end. */
export interface Shutdown {
  /** Begins a graceful stop, as SIGTERM does. */
  readonly begin: () => void
  /** How long that may take. */
  readonly timeoutMs: number
}

/** Takes no more own messages and jobs, and lets those jobs end that run: what is done before a stop. */
export const drain = adminProcedure.mutation(async ({ ctx }) => {
  await ctx.drain.begin()
  const queue = await queueStatus(ctx)
  return {
    sinceMs: ctx.drain.sinceMs as number,
    ...(queue.state === 'running' ? { running: queue.running } : {}),
  }
})

/** Stops the process gracefully; answers before that. `running`: jobs that it will wait for. */
export const shutdown = adminProcedure.mutation(async ({ ctx }) => {
  if (ctx.shutdown === undefined) {
    throw new MeshError('ERR_NO_SHUTDOWN', 'this node is part of another program: stop that')
  }
  const queue = await queueStatus(ctx)
  ctx.shutdown.begin()
  return {
    pid: process.pid,
    timeoutMs: ctx.shutdown.timeoutMs,
    ...(queue.state === 'running' ? { running: queue.running } : {}),
  }
})
