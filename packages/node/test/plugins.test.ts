import { textOf } from '@pastel-mesh/protocol'
import { defineTopic, json } from '@pastel-mesh/sdk-node'
import { operatorProcedure, readProcedure, router } from '@pastel-mesh/sdk-server'
import { expect, expectTypeOf, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { definePlugin, type RouterOf } from '../src/index.ts'
import { createController } from './fixtures/create-controller.ts'
import { socketClient } from './fixtures/socket-client.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const listen = ['/ip4/127.0.0.1/tcp/0']

/** Of one test: what its plugin saw, in order. */
function notes() {
  const seen: string[] = []
  return { seen, note: (text: string) => seen.push(text) }
}

test('its procedures are served under ext, with their types, and take what it is set to', async () => {
  const greeter = definePlugin({
    name: 'greeter',
    config: z.object({ greeting: z.string().default('hello'), times: z.int().default(1) }),
    metrics: { greetings: { type: 'counter', help: 'Greetings', labels: ['who'] } },
    router: ({ config, metrics }) =>
      router({
        hello: readProcedure.input(z.object({ who: z.string() })).query(({ input, ctx }) => {
          metrics.greetings.inc(1, { who: input.who })
          return { text: `${config.greeting.repeat(config.times)} ${input.who}`, from: ctx.node.pastelId }
        }),
        change: operatorProcedure.mutation(() => 'changed'),
      }),
  })
  const still = definePlugin({ name: 'still', router: router({ id: readProcedure.query(() => 7) }) })
  const dataDir = await temporaryFolder()
  const controller = await createController(
    { dataDir, listen, ext: { greeter: { times: 2 } }, metrics: { listen: '127.0.0.1:0' } },
    { plugins: [greeter, still] },
  )
  onTestFinished(() => controller.stop())
  await controller.start()
  const { api } = socketClient<RouterOf<typeof greeter | typeof still>>(dataDir)
  const answer = await api.ext.greeter.hello.query({ who: 'you' })
  expectTypeOf(answer.text).toEqualTypeOf<string>()
  expect(answer).toEqual({ text: 'hellohello you', from: controller.node.pastelId })
  expect(await api.ext.still.id.query()).toBe(7)
  expect(await api.ext.greeter.change.mutate()).toBe('changed')
  expect((await api.admin.audit.list.query({}))[0]).toMatchObject({ procedure: 'ext.greeter.change' })
  expect(controller.procedures).toEqual(
    expect.arrayContaining(['service.ping', 'ext.greeter.hello', 'ext.greeter.change', 'ext.still.id']),
  )
  const page = await (await fetch(`${controller.metricsUrl}/metrics`)).text()
  expect(page).toContain('pmesh_ext_greeter_greetings_total{who="you"} 1')
})

test('its jobs are done, under its name, with data that its schema takes', async () => {
  const { seen, note } = notes()
  const worker = definePlugin({
    name: 'worker',
    jobs: {
      double: {
        schema: z.object({ count: z.number() }),
        run: ({ data }) => {
          expectTypeOf(data).toEqualTypeOf<{ count: number }>()
          return data.count * 2
        },
      },
      plain: ({ id }, { name }) => note(`${name} ${id.split(':')[0]}`),
    },
    start: async ({ jobs }) => {
      note('start')
      await jobs.add('plain', null)
    },
  })
  const controller = await createController(
    { dataDir: await temporaryFolder(), listen },
    { plugins: [worker] },
  )
  onTestFinished(() => controller.stop())
  await controller.start()
  const { id } = await controller.queue.add('worker.double', { count: 21 })
  expect(await controller.queue.waitFor(id)).toBe(42)
  await expect(controller.queue.add('worker.double', { count: 'x' })).rejects.toMatchObject({
    code: 'ERR_JOB_DATA',
  })
  await waitUntil(() => seen.length === 2, { what: 'the job that the start added' })
  expect(seen).toEqual(['start', 'worker worker.plain'])
})

test('each message of its topics and of the inbox is taken, in order, over restarts', async () => {
  const { seen, note } = notes()
  const prices = defineTopic({ name: 'eu/prices', codec: json(z.object({ usd: z.number() })) })
  const reader = definePlugin({
    name: 'reader',
    topics: {
      news: (message, { node }) => note(`news ${textOf(message)} ${message.sender === node.pastelId}`),
      prices: {
        topic: prices,
        run: ({ value, headers }) => {
          expectTypeOf(value).toEqualTypeOf<{ usd: number }>()
          note(`price ${value.usd} ${headers.of ?? ''}`)
        },
      },
    },
    onMessage: { from: 'start', run: (message) => note(`inbox ${textOf(message)}`) },
  })
  const dataDir = await temporaryFolder()
  const first = await createController({ dataDir, listen, topics: ['other'] }, { plugins: [reader] })
  await first.start()
  expect(first.node.topics).toEqual(['other', 'news', 'eu/prices'])
  for (const text of ['1', '2', '3', '4']) await first.node.publish('news', { text })
  await first.node.publish('eu/prices', { json: { usd: 'dear' } })
  await first.node.publish('eu/prices', { json: { usd: 2 }, headers: { of: 'PSL' } })
  await first.node.send(first.node.pastelId, { text: 'to myself' })
  await waitUntil(() => seen.length >= 6, { what: 'the messages to be taken' })
  expect(seen.filter((text) => text.startsWith('news'))).toEqual([1, 2, 3, 4].map((n) => `news ${n} true`))
  expect(seen).toEqual(expect.arrayContaining(['price 2 PSL', 'inbox to myself']))
  await first.stop()

  // What comes while the plugin is not there is taken when it is there again.
  const without = await createController({ dataDir, listen, topics: ['news'] })
  await without.start()
  await without.node.publish('news', { text: 'meanwhile' })
  await without.stop()
  const again = await createController({ dataDir, listen }, { plugins: [reader] })
  onTestFinished(() => again.stop())
  await again.start()
  await waitUntil(() => seen.includes('news meanwhile true'), { what: 'the message to be taken' })
  expect(seen).toHaveLength(7)
})

test('a topic that is named inbox is none: what is sent to the node alone is for onMessage', async () => {
  const { seen, note } = notes()
  const reader = definePlugin({
    name: 'reader',
    topics: { inbox: (message) => note(`topic ${textOf(message)}`) },
    onMessage: (message) => note(`direct ${textOf(message)}`),
  })
  const controller = await createController(
    { dataDir: await temporaryFolder(), listen },
    { plugins: [reader] },
  )
  onTestFinished(() => controller.stop())
  await controller.start()
  expect(controller.plugins()).toMatchObject([
    { messages: ['topic/inbox', 'inbox'], jobs: ['reader.on.inbox', 'reader.inbox'] },
  ])
  await controller.node.publish('inbox', { text: 'to all' })
  await controller.node.send(controller.node.pastelId, { text: 'to one' })
  await waitUntil(() => seen.length >= 2, { what: 'both messages to be taken' })
  await controller.queue.drain()
  expect([...seen].sort()).toEqual(['direct to one', 'topic to all'])
})

test('a job has the signal of the job, which gives it time when the node stops', async () => {
  const { seen, note } = notes()
  const nodeStops = Promise.withResolvers<void>()
  const worker = definePlugin({
    name: 'worker',
    jobs: {
      slow: async (job, { signal, node }) => {
        expect(signal).toBe(job.signal)
        note(`begun ${node.network}`)
        await nodeStops.promise
        signal.throwIfAborted()
        note('ended')
      },
    },
    start: async ({ jobs, signal }) => {
      signal.addEventListener('abort', () => nodeStops.resolve())
      await expect(jobs.add('solw', null)).rejects.toMatchObject({
        code: 'ERR_PLUGIN',
        message: 'the plugin worker has no job solw; it has: slow',
      })
    },
  })
  const controller = await createController(
    { dataDir: await temporaryFolder(), listen },
    { plugins: [worker] },
  )
  await controller.start()
  await controller.queue.add('worker.slow', null)
  await waitUntil(() => seen.length === 1, { what: 'the job to run' })
  await controller.stop()
  expect(seen).toEqual(['begun local', 'ended'])
})

test('a subscription that waits is told to end as soon as nobody follows it', async () => {
  const { seen, note } = notes()
  /** Gives one value, and waits for what never comes; no generator, which could not be told while it waits. */
  const waiting = (): AsyncIterableIterator<number> => {
    const values = [1]
    return {
      [Symbol.asyncIterator]() {
        return this
      },
      next: () => {
        const value = values.pop()
        return value === undefined ? new Promise(() => {}) : Promise.resolve({ done: false, value })
      },
      return: async () => {
        note('ended')
        return { done: true, value: undefined }
      },
    }
  }
  const feed = definePlugin({
    name: 'feed',
    router: router({ follow: readProcedure.subscription(waiting) }),
  })
  const dataDir = await temporaryFolder()
  const controller = await createController({ dataDir, listen }, { plugins: [feed] })
  onTestFinished(() => controller.stop())
  await controller.start()
  const { api } = socketClient<RouterOf<typeof feed>>(dataDir)
  const first = Promise.withResolvers<number>()
  const { unsubscribe } = api.ext.feed.follow.subscribe(undefined, {
    onData: first.resolve,
    onError: first.reject,
  })
  expect(await first.promise).toBe(1)
  unsubscribe()
  await waitUntil(() => seen.length > 0, { what: 'the subscription to be told' })
  expect(seen).toEqual(['ended'])
})

test('a node that is drained begins no more runs of background tasks', async () => {
  const { seen, note } = notes()
  const busy = definePlugin({
    name: 'busy',
    background: { tick: { every: 100, run: () => void note('tick') } },
  })
  const dataDir = await temporaryFolder()
  const controller = await createController({ dataDir, listen }, { plugins: [busy] })
  onTestFinished(() => controller.stop())
  await controller.start()
  await waitUntil(() => seen.length > 0, { what: 'the task to run' })
  await socketClient(dataDir).api.admin.drain.mutate()
  expect(controller.plugins()[0]?.background[0]).not.toHaveProperty('nextAtMs')
})

test('a message whose handler throws is tried again, and those behind it are taken meanwhile', async () => {
  const { seen, note } = notes()
  let failures = 0
  const picky = definePlugin({
    name: 'picky',
    topics: {
      test: {
        retry: { attempts: 3, backoff: { type: 'fixed', delayMs: 1 } },
        run: (message) => {
          const text = textOf(message)
          if (text === 'bad' && ++failures < 3) throw new Error('not yet')
          note(text)
        },
      },
    },
  })
  const controller = await createController(
    { dataDir: await temporaryFolder(), listen },
    { plugins: [picky] },
  )
  onTestFinished(() => controller.stop())
  await controller.start()
  await controller.node.publish('test', { text: 'bad' })
  await controller.node.publish('test', { text: 'good' })
  await waitUntil(() => seen.length === 2, { what: 'both messages to be taken' })
  expect([...seen].sort()).toEqual(['bad', 'good'])
  expect(failures).toBe(3)
  await controller.queue.drain()
  expect((await controller.queue.counts()).get('picky.on.test')).toMatchObject({ done: 2 })
})

test('it is stopped when its procedures, tasks and jobs have ended, and a node that did not start stops it as well', async () => {
  const { seen, note } = notes()
  const orderly = definePlugin({
    name: 'orderly',
    start: () => void note('start'),
    stop: () => void note('stop'),
    jobs: {
      slow: async ({ signal }) => {
        note('job')
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        note('job ended')
      },
    },
    background: {
      wait: {
        every: 100,
        run: async ({ signal }) => {
          note('task')
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
          note('task ended')
        },
      },
    },
  })
  const second = definePlugin({
    name: 'second',
    start: () => void note('start second'),
    stop: () => void note('stop second'),
  })
  const controller = await createController(
    { dataDir: await temporaryFolder(), listen, stop: { timeout: '1s' } },
    { plugins: [orderly, second] },
  )
  await controller.start()
  await controller.queue.add('orderly.slow', null)
  await waitUntil(() => seen.includes('job') && seen.includes('task'), { what: 'job and task to run' })
  await controller.stop()
  expect(seen.filter((text) => !['job', 'task'].includes(text))).toEqual([
    'start',
    'start second',
    'task ended',
    'job ended',
    'stop second',
    'stop',
  ])

  const broken = definePlugin({ name: 'broken', start: () => Promise.reject(new Error('no database')) })
  const third = definePlugin({ name: 'third', start: () => void note('start third') })
  const other = notes()
  const opened = definePlugin({
    name: 'opened',
    start: ({ signal }) => signal.addEventListener('abort', () => other.note('signal')),
    stop: () => void other.note('stop'),
  })
  const failing = await createController(
    { dataDir: await temporaryFolder(), listen },
    { plugins: [opened, broken, third] },
  )
  await expect(failing.start()).rejects.toMatchObject({
    code: 'ERR_PLUGIN',
    message: 'the plugin broken cannot be started: no database',
  })
  expect(other.seen).toEqual(['signal', 'stop'])
  expect(seen).not.toContain('start third')
})
