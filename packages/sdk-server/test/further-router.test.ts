import type { PastelId } from '@pastel-mesh/identity'
import { createTRPCClient, createWSClient, httpBatchLink, wsLink } from '@trpc/client'
import { initTRPC } from '@trpc/server'
import superjson from 'superjson'
import { expect, expectTypeOf, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import {
  type AppRouterWith,
  adminProcedure,
  mergeRouters,
  openProcedure,
  readProcedure,
  router,
} from '../src/index.ts'
import { query } from './fixtures/call.ts'
import { openServer } from './fixtures/open-server.ts'
import { restServer } from './fixtures/rest-call.ts'

const prices = router({
  /** What it works with is in the context, and more can be put there. */
  ofPair: readProcedure
    .use(({ ctx, next }) => next({ ctx: { self: ctx.node.pastelId } }))
    .input(z.object({ pair: z.string() }))
    .query(({ ctx, input }) => ({ pair: input.pair, self: ctx.self, at: new Date(0) })),
  close: adminProcedure.mutation(() => 'closed'),
})
const mine = mergeRouters(router({ prices }), router({ hello: openProcedure.query(() => 'hello') }))
type MyRouter = AppRouterWith<typeof mine>

test('further routers are served beside those of the node, with their types, over every transport', async () => {
  const { url, key, path, node } = await restServer({ router: mine })
  const headers = { authorization: `Bearer ${key}` }
  const link = httpBatchLink({ url: `${url}/trpc`, transformer: superjson, headers })
  const api = createTRPCClient<MyRouter>({ links: [link] })
  expect((await api.service.ping.query()).time).toBeInstanceOf(Date)
  const answer = await api.prices.ofPair.query({ pair: 'PSL/USD' })
  expectTypeOf(answer).toEqualTypeOf<{ pair: string; self: PastelId; at: Date }>()
  expect(answer).toEqual({ pair: 'PSL/USD', self: node.pastelId, at: new Date(0) })
  const client = createWSClient({ url: `${url.replace('http', 'ws')}/trpc` })
  onTestFinished(() => client.close())
  const overWebSocket = createTRPCClient<MyRouter>({ links: [wsLink({ client, transformer: superjson })] })
  expect(await overWebSocket.hello.query()).toBe('hello')
  expect((await query(path, 'hello')).json).toMatchObject({ result: { data: { json: 'hello' } } })
})

test('what they demand is enforced, and they count as any call', async () => {
  const { url, key } = await restServer({ router: mine, callRate: { perSecond: 0.001, burst: 3 } })
  const apiOf = (headers: Record<string, string>) =>
    createTRPCClient<MyRouter>({
      links: [httpBatchLink({ url: `${url}/trpc`, transformer: superjson, headers })],
    })
  await expect(apiOf({}).prices.ofPair.query({ pair: 'x' })).rejects.toMatchObject({
    data: { meshCode: 'ERR_NOT_LOGGED_IN' },
  })
  const api = apiOf({ authorization: `Bearer ${key}` })
  await expect(api.prices.close.mutate()).rejects.toMatchObject({ data: { meshCode: 'ERR_FORBIDDEN' } })
  const calls = await Promise.allSettled([1, 2, 3].map(() => api.prices.ofPair.query({ pair: 'x' })))
  expect(calls.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
})

test.each([
  ['a name of the node', router({ service: prices }), /the name service is the node's own/],
  ['the name of plugins', router({ ext: prices }), /the name ext is the node's own/],
  ['a procedure that does not state who may call it', stateless(), /secret does not state who may call it/],
])('%s is refused', async (_, further, message) => {
  await expect(openServer({ http: {}, router: further })).rejects.toMatchObject({
    code: 'ERR_ROUTER',
    message: expect.stringMatching(message),
  })
})

/** Made with another tRPC, as by who does not know the procedures of this one. */
function stateless() {
  const t = initTRPC.create()
  return t.router({ secret: t.procedure.query(() => 'secret') })
}
