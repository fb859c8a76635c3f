import { initTRPC } from '@trpc/server'
import { type FastifyTRPCPluginOptions, fastifyTRPCPlugin } from '@trpc/server/adapters/fastify'
import Fastify from 'fastify'
import superjson from 'superjson'
import type { FromBare, ToBare } from './bare-protocol.ts'

/** The process of the baseline: Fastify and tRPC as their guide puts them together, with two of our procedures. */

const fastify = Fastify({ routerOptions: { maxParamLength: 5_000 } })

async function serve({ info }: Extract<ToBare, { type: 'serve' }>): Promise<FromBare> {
  const { router, procedure } = initTRPC.create({ transformer: superjson, isDev: false })
  const appRouter = router({
    service: router({
      ping: procedure.query(() => ({ time: new Date() })),
      info: procedure.query(() => info),
    }),
  })
  await fastify.register(fastifyTRPCPlugin<typeof appRouter>, {
    prefix: '/trpc',
    trpcOptions: { router: appRouter } satisfies FastifyTRPCPluginOptions<typeof appRouter>['trpcOptions'],
  })
  const url = await fastify.listen({ port: 0, host: '127.0.0.1' })
  return { type: 'listening', url, pid: process.pid }
}

process.on('message', async (message: ToBare) => {
  if (message.type === 'serve') process.send?.(await serve(message))
  else {
    await fastify.close()
    process.disconnect()
  }
})
// A parent that was killed leaves nothing running.
process.on('disconnect', () => process.exit())
