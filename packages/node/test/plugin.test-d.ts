import type { JobContext } from '@pastel-mesh/queue'
import { createClient } from '@pastel-mesh/sdk-client'
import { defineTopic, json, type ReceivedMessage } from '@pastel-mesh/sdk-node'
import type { CounterMetric, GaugeMetric } from '@pastel-mesh/sdk-server'
import { readProcedure, router } from '@pastel-mesh/sdk-server'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { definePlugin, type RouterOf } from '../src/index.ts'

// In whatever order the parts stand.
const greeter = definePlugin({
  name: 'greeter',
  router: ({ config, metrics }) => {
    expectTypeOf(config).toEqualTypeOf<{ greeting: string }>()
    expectTypeOf(metrics.greetings).toEqualTypeOf<CounterMetric<'who'>>()
    expectTypeOf(metrics.waiting).toEqualTypeOf<GaugeMetric<never>>()
    return router({ hello: readProcedure.input(z.string()).query(({ input }) => ({ length: input.length })) })
  },
  jobs: {
    greet: {
      schema: z.object({ who: z.string() }),
      concurrency: 2,
      run: ({ data }, { config }) => {
        expectTypeOf(data).toEqualTypeOf<{ who: string }>()
        return config.greeting
      },
    },
    plain: ({ data }: JobContext<{ x: number }>, { config }) => config.greeting + data.x,
    unknown: ({ data }) => expectTypeOf(data).toEqualTypeOf<unknown>(),
  },
  topics: {
    prices: (message, { config }) => {
      expectTypeOf(message).toEqualTypeOf<ReceivedMessage>()
      expectTypeOf(config.greeting).toEqualTypeOf<string>()
    },
    orders: {
      topic: defineTopic({ name: 'eu/orders', codec: json(z.object({ usd: z.number() })) }),
      run: ({ value, id }) => {
        expectTypeOf(value).toEqualTypeOf<{ usd: number }>()
        expectTypeOf(id).toBeString()
      },
    },
  },
  onMessage: async (message, { node }) => {
    await node.send(message.sender, { text: 'thanks' })
  },
  background: {
    sweep: {
      every: '5s',
      run: ({ config, signal }) => {
        expectTypeOf(config.greeting).toEqualTypeOf<string>()
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
      },
    },
    nightly: { cron: '0 3 * * *', timeZone: 'Europe/Vienna', run: () => {} },
  },
  metrics: {
    greetings: { type: 'counter', help: 'Greetings', labels: ['who'] },
    waiting: { type: 'gauge', help: 'Who waits' },
  },
  config: z.object({ greeting: z.string().default('hello') }),
})
const silent = definePlugin({ name: 'silent', background: { tick: { every: 1_000, run: () => {} } } })

test('the client knows the procedures of plugins, and of no others', () => {
  const { api } = createClient<RouterOf<typeof greeter | typeof silent>>({ url: 'http://localhost' })
  expectTypeOf(api.ext.greeter.hello.query).parameter(0).toEqualTypeOf<string>()
  expectTypeOf(api.ext.greeter.hello.query).returns.resolves.toEqualTypeOf<{ length: number }>()
  expectTypeOf(api.service.ping.query).toBeFunction()
  expectTypeOf(api.ext).not.toHaveProperty('silent')
  // @ts-expect-error: there is no such plugin
  void api.ext.other
})

test('what is not so does not compile', () => {
  definePlugin({
    name: 'wrong',
    config: z.object({ count: z.number() }),
    // @ts-expect-error: it is a number
    router: ({ config }) => router({ up: readProcedure.query(() => config.count.toUpperCase()) }),
  })
  // @ts-expect-error: it is done by the clock, or every so often
  definePlugin({ name: 'wrong', background: { task: { run: () => {} } } })
})
