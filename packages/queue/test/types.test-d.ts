import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { createQueue, type Job, type JobContext, memoryDriver, type Queue } from '../src/index.ts'

type Jobs = {
  greet: { data: { name: string }; result: string }
  sweep: { data: null }
}

declare const queue: Queue<Jobs>
declare const untyped: Queue

test('a handler gets the data of its name, and returns its result', () => {
  queue.registerHandler('greet', async ({ data, attempt }) => {
    expectTypeOf(data).toEqualTypeOf<{ name: string }>()
    expectTypeOf(attempt).toEqualTypeOf<number>()
    return data.name
  })
  queue.registerHandler('sweep', ({ data }) => expectTypeOf(data).toEqualTypeOf<null>())
  // @ts-expect-error: there is no such name
  queue.registerHandler('great', async () => 'hello')
  // @ts-expect-error: the result is a text
  queue.registerHandler('greet', async () => 1)
  // @ts-expect-error: the data has no age
  queue.registerHandler('greet', ({ data }: JobContext<{ name: string; age: number }>) => data.name)
})

test('only names and data of the map can be added', () => {
  void queue.add('greet', { name: 'world' }, { delayMs: 5 })
  // @ts-expect-error: there is no such name
  void queue.add('great', { name: 'world' })
  // @ts-expect-error: a name is a text
  void queue.add('greet', { name: 1 })
  // @ts-expect-error: the data of another name
  void queue.add('sweep', { name: 'world' })
  // @ts-expect-error: there is no such option
  void queue.add('greet', { name: 'world' }, { delay: 5 })
  // @ts-expect-error: functions are not kept with a job
  void queue.add('greet', { name: 'world' }, { retry: { attempts: 2, backoff: () => 5 } })
  void queue.addMany([
    { name: 'greet', data: { name: 'world' } },
    // @ts-expect-error: a name is a text
    { name: 'greet', data: { name: 1 } },
  ])
})

test('the id of a job knows what its result is', async () => {
  const { id } = await queue.add('greet', { name: 'world' })
  expectTypeOf(await queue.waitFor(id)).toEqualTypeOf<string>()
  expectTypeOf(await queue.get(id)).toEqualTypeOf<Job<{ name: string }, string> | undefined>()
  const text: string = id
  expectTypeOf(await queue.waitFor(text)).toEqualTypeOf<unknown>()
  expectTypeOf(await queue.get(text)).toEqualTypeOf<Job | undefined>()
})

test('a schedule makes jobs of the map', () => {
  void queue.upsertSchedule('daily', { timing: { cron: '0 3 * * *' }, name: 'sweep', data: null })
  // @ts-expect-error: the data of another name
  void queue.upsertSchedule('daily', { timing: { everyMs: 500 }, name: 'greet', data: null })
  // @ts-expect-error: neither an interval nor a cron expression
  void queue.upsertSchedule('daily', { timing: {}, name: 'sweep', data: null })
})

test('a schema says what the data is', () => {
  const schema = z.object({ name: z.string() })
  untyped.registerHandler('greet', ({ data }) => expectTypeOf(data).toEqualTypeOf<{ name: string }>(), {
    schema,
  })
  untyped.registerHandler('greet', ({ data }) => expectTypeOf(data).toEqualTypeOf<unknown>())
  queue.registerHandler('greet', ({ data }) => data.name, { schema })
  // @ts-expect-error: the schema gives something else than the map says
  queue.registerHandler('greet', () => '', { schema: z.object({ name: z.number() }) })
  // @ts-expect-error: the handler takes more than the schema gives
  untyped.registerHandler('greet', ({ data }: JobContext<{ age: number }>) => data.age, { schema })
})

test('events say what happened to which job', () => {
  queue.addEventListener('failed', ({ detail }) => {
    expectTypeOf(detail.id).toEqualTypeOf<string>()
    expectTypeOf(detail.failure?.message).toEqualTypeOf<string | undefined>()
  })
  // @ts-expect-error: there is no such event
  queue.addEventListener('fails', () => {})
})

test('a queue without a map takes any name', () => {
  expectTypeOf(createQueue({ driver: memoryDriver() })).toEqualTypeOf<Queue>()
  void untyped.add('anything', { of: ['any', 'kind'] })
})
