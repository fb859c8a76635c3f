import { getEventListeners } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { gate, soon, until } from '../src/conformance/conformance-case.ts'
import { createQueue, memoryDriver, type Queue } from '../src/index.ts'
import { WatchedDatabase } from './fixtures/watched-database.ts'

function open(database = new WatchedDatabase()): { queue: Queue; errors: unknown[] } {
  const queue = createQueue({ driver: memoryDriver({}, { database }) })
  const errors: unknown[] = []
  queue.addEventListener('error', ({ detail }) => errors.push(detail))
  onTestFinished(() => queue.stop({ timeoutMs: 0 }))
  return { queue, errors }
}

test('a step of an attempt that was cancelled meanwhile does not say that it is kept', async () => {
  const { queue } = open()
  const { opened, open: release } = gate()
  const made = Promise.withResolvers<unknown>()
  let runs = 0
  queue.registerHandler('work', async ({ step }) => {
    const kept = step('one', async () => {
      runs += 1
      await opened
      return 1
    })
    made.resolve(kept.catch((error) => error.code))
    return kept
  })
  await queue.start()
  const { id } = await queue.add('work', 1)
  await until('its step runs', () => runs === 1)
  expect(await queue.cancel(id)).toBe(true)
  release()
  expect(await made.promise).toBe('ERR_JOB_STEP')
  expect(await queue.get(id)).toMatchObject({ status: 'cancelled', steps: {} })
})

test('whoever drains a queue in which nothing is leaves nothing behind', async () => {
  const { queue } = open()
  await queue.start()
  const { signal } = new AbortController()
  await queue.drain({ signal })
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

test('a job that cannot be read is told, and holds up no other', async () => {
  const database = new WatchedDatabase()
  const { queue, errors } = open(database)
  await queue.start()
  const [odd, other] = await queue.addMany([
    { name: 'work', data: 1 },
    { name: 'work', data: 2 },
  ])
  const value = Buffer.from([9, 9, 9])
  await database.write([{ type: 'put', key: Buffer.from(`QJ${odd?.id}`), value }])
  queue.registerHandler('work', ({ data }) => data)
  expect(await queue.waitFor(other?.id ?? '', soon())).toBe(2)
  expect(errors).toMatchObject([{ code: 'ERR_JOB_RECORD' }])
})

test('a place of another list is refused', async () => {
  const { queue } = open()
  queue.registerHandler('fails', () => Promise.reject(new Error('no')), { retry: { attempts: 1 } })
  queue.registerHandler('works', () => {})
  await queue.start()
  for (const name of ['fails', 'works']) {
    await queue.addMany(Array.from({ length: 3 }, () => ({ name, data: 1 })))
  }
  await queue.drain()
  await queue.addMany(
    Array.from({ length: 3 }, () => ({ name: 'later', data: 1, options: { delayMs: 1e6 } })),
  )
  await queue.addMany(Array.from({ length: 3 }, () => ({ name: 'waits', data: 1 })))
  const next = async (status: 'failed' | 'done' | 'delayed' | 'waiting') =>
    (await queue.list({ status, limit: 1 })).next ?? ''
  const places = {
    failed: await next('failed'),
    done: await next('done'),
    delayed: await next('delayed'),
    waiting: await next('waiting'),
  }
  for (const status of ['failed', 'done', 'delayed', 'waiting'] as const) {
    for (const [of, after] of Object.entries(places)) {
      const listed = queue.list({ status, after })
      if (of === status) expect((await listed).jobs).toHaveLength(2)
      else await expect(listed, `${of} in ${status}`).rejects.toMatchObject({ code: 'ERR_JOB_OPTIONS' })
    }
  }
  const other = queue.list({ status: 'waiting', name: 'works', after: places.waiting })
  await expect(other).rejects.toMatchObject({ code: 'ERR_JOB_OPTIONS' })
  await expect(queue.list({ status: 'running', after: 'x' })).rejects.toMatchObject({
    code: 'ERR_JOB_OPTIONS',
  })
})
