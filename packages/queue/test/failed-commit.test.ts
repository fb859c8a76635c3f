import { createStore } from '@pastel-mesh/storage'
import { expect, onTestFinished, test } from 'vitest'
import { FaultyDatabase, type WriteFailure } from '../../storage/test/fixtures/faulty-database.ts'
import { gate, soon, until } from '../src/conformance/conformance-case.ts'
import { createQueue, type JobContext, levelDriver, type Queue, type QueueComponents } from '../src/index.ts'
import { allJobs, KEEP_ALL } from './fixtures/audit.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'
import { TestClock } from './fixtures/test-clock.ts'

/** A queue whose database can be made to fail. */
async function openFaulty(components: QueueComponents = {}): Promise<{
  queue: Queue
  database: FaultyDatabase
  errors: unknown[]
}> {
  const directory = await temporaryFolder()
  const database = new FaultyDatabase(directory)
  const store = createStore({ directory }, { database })
  const driver = levelDriver({ retention: KEEP_ALL }, { ...components, store, ownsStore: true })
  const queue = createQueue({ driver }, components)
  const errors: unknown[] = []
  queue.addEventListener('error', ({ detail }) => errors.push(detail))
  onTestFinished(() => queue.stop({ timeoutMs: 0 }))
  return { queue, database, errors }
}

test('add refuses with the code of what went wrong, and goes on when the disk does', async () => {
  const { queue, database } = await openFaulty()
  queue.registerHandler('work', () => 'done')
  await queue.start()
  database.failNextWrite('lost')
  await expect(queue.add('work', 1)).rejects.toMatchObject({ code: 'ERR_COMMIT_FAILED' })
  await until('the queue takes jobs again', async () => {
    try {
      return (await queue.waitFor((await queue.add('work', 2)).id)) === 'done'
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
      return false
    }
  })
  expect((await allJobs(queue)).map(({ data }) => data)).toEqual([2])
})

test('a job that has its place before it is on disk gives it back if it does not come there', async () => {
  const { queue, database } = await openFaulty()
  queue.registerHandler('work', () => 'done', { concurrency: 1 })
  await queue.start()
  await queue.waitFor((await queue.add('work', 1)).id)
  database.failNextWrite('lost')
  const release = database.holdWrites()
  const failing = queue.add('work', 2)
  failing.catch(() => {})
  await database.happened(
    'write begun',
    database.events.filter((event) => event === 'write begun').length + 1,
  )
  // On its way, it counts as nothing.
  expect((await queue.counts()).get('work')).toMatchObject({ waiting: 0, running: 0, done: 1 })
  release()
  await expect(failing).rejects.toMatchObject({ code: 'ERR_COMMIT_FAILED' })
  await until('the next is done', async () => {
    const added = await queue.add('work', 3).catch(() => undefined)
    return added !== undefined && (await queue.waitFor(added.id, soon())) === 'done'
  })
})

test('a stop lets a job begin that has its place already, and puts it back', async () => {
  const { queue, database } = await openFaulty()
  let begun = 0
  queue.registerHandler('work', async ({ signal }) => {
    begun += 1
    if (begun !== 2) return 'done'
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  })
  await queue.start()
  await queue.waitFor((await queue.add('work', 0)).id)
  const release = database.holdWrites()
  const added = queue.add('work', 1)
  await database.happened(
    'write begun',
    database.events.filter((event) => event === 'write begun').length + 1,
  )
  const stopped = queue.stop({ timeoutMs: 0 })
  release()
  const { id } = await added
  await stopped
  expect(begun).toBe(2)
  await queue.start()
  expect(await queue.waitFor(id, soon())).toBe('done')
  expect(await queue.get(id)).toMatchObject({ stalls: 0, failures: 0 })
})

test.each<WriteFailure>(['lost', 'on disk', 'shows later'])(
  'an outcome whose write failed (%s) is written after the reopening, and the job does not run again',
  async (failure) => {
    const { queue, database } = await openFaulty()
    const { opened, open } = gate()
    let runs = 0
    queue.registerHandler('work', async () => {
      runs += 1
      await opened
      return 'made'
    })
    await queue.start()
    const { id } = await queue.add('work', 1)
    await until('it runs', () => runs === 1)
    database.failNextWrite(failure)
    open()
    expect(await queue.waitFor(id)).toBe('made')
    expect(database.events).toContain('write failed')
    await until('what follows is done', async () => {
      const added = await queue.add('work', 2).catch(() => undefined)
      return added !== undefined && (await queue.waitFor(added.id)) === 'made'
    })
    expect(runs).toBe(2)
    expect((await allJobs(queue)).map(({ status }) => status)).toEqual(['done', 'done'])
  },
)

test.each<WriteFailure>(['lost', 'on disk', 'shows later'])(
  'a job that is to be tried again, and whose write failed (%s), is tried once more',
  async (failure) => {
    const { queue, database } = await openFaulty()
    const { opened, open } = gate()
    const attempts: number[] = []
    queue.registerHandler(
      'work',
      async ({ attempt }) => {
        attempts.push(attempt)
        await opened
        if (attempt === 1) throw new Error('not yet')
      },
      { retry: { attempts: 3, backoff: { type: 'fixed', delayMs: 50 } } },
    )
    await queue.start()
    const { id } = await queue.add('work', 1)
    await until('it runs', () => attempts.length === 1)
    database.failNextWrite(failure)
    open()
    await queue.waitFor(id)
    expect(attempts).toEqual([1, 2])
    expect(await allJobs(queue)).toMatchObject([{ status: 'done', failures: 1 }])
  },
)

test('a step whose write failed is kept after the reopening, and its attempt goes on', async () => {
  const { queue, database } = await openFaulty()
  const made: string[] = []
  const { opened, open } = gate()
  queue.registerHandler('work', async ({ attempt, step }: JobContext) => {
    await step('one', async () => {
      made.push(`one in ${attempt}`)
      await opened
      database.failNextWrite('lost')
      return 1
    })
    await step('two', () => {
      made.push(`two in ${attempt}`)
      return 2
    })
  })
  await queue.start()
  const { id } = await queue.add('work', 1)
  await until('it runs', () => made.length === 1)
  open()
  await queue.waitFor(id)
  expect(made).toEqual(['one in 1', 'two in 1'])
  expect(database.events).toContain('write failed')
  expect(await queue.get(id)).toMatchObject({ status: 'done', failures: 0, steps: { one: 1, two: 2 } })
})

test('nothing runs twice at once, and nothing is lost, while writes fail again and again', async () => {
  const { queue, database } = await openFaulty()
  const running = new Set<string>()
  const done = new Map<string, number>()
  let twice = 0
  queue.registerHandler(
    'work',
    async ({ id }) => {
      if (running.has(id)) twice += 1
      running.add(id)
      await new Promise((resolve) => setImmediate(resolve))
      running.delete(id)
      done.set(id, (done.get(id) ?? 0) + 1)
    },
    { concurrency: 20 },
  )
  await queue.start()
  const kinds: readonly WriteFailure[] = ['lost', 'on disk', 'shows later']
  let failures = 0
  database.failWrites((write) => {
    if (write % 7 !== 3 || failures >= 12) return undefined
    failures += 1
    return kinds[failures % kinds.length]
  })
  const added: string[] = []
  while (added.length < 200 || failures < 12) {
    const jobs = await queue
      .addMany(Array.from({ length: 10 }, (_, i) => ({ name: 'work', data: i })))
      .catch(() => [])
    added.push(...jobs.map(({ id }) => id))
    if (jobs.length === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await queue.drain({ signal: AbortSignal.timeout(20_000) })
  expect(failures).toBe(12)
  expect(twice).toBe(0)
  const jobs = await allJobs(queue)
  const byId = new Map(jobs.map((job) => [job.id, job.status]))
  expect(added.filter((id) => byId.get(id) !== 'done')).toEqual([])
  expect([...done.values()].filter((times) => times !== 1)).toEqual([])
})

test.each<WriteFailure>(['lost', 'on disk', 'shows later'])(
  'a tick whose write failed (%s) makes one job',
  async (failure) => {
    const clock = new TestClock()
    const { queue, database } = await openFaulty({ clock })
    await queue.start()
    await queue.upsertSchedule('hourly', { timing: { everyMs: 3_600_000 }, name: 'work', data: 1 })
    database.failNextWrite(failure)
    clock.pass(3_600_000)
    await database.happened('write failed')
    await until('the tick has made its job', async () => {
      clock.pass(100)
      return (await queue.schedules())[0]?.ticks === 1
    })
    expect(await allJobs(queue)).toHaveLength(1)
  },
)

test('a stop while the disk is full ends, and what could not be written runs again at the next start', async () => {
  const { queue, database, errors } = await openFaulty()
  const { opened, open } = gate()
  let runs = 0
  queue.registerHandler('work', async () => {
    runs += 1
    if (runs === 1) await opened
  })
  await queue.start()
  const { id } = await queue.add('work', 1)
  await until('it runs', () => runs === 1)
  database.failWrites(() => 'lost')
  open()
  await database.happened('write failed', 2)
  await queue.stop()
  expect(errors).toMatchObject([{ code: 'ERR_COMMIT_FAILED' }])
  database.failWrites(() => undefined)
  await queue.start()
  await queue.waitFor(id)
  expect(runs).toBe(2)
  expect(await queue.get(id)).toMatchObject({ status: 'done', stalls: 1 })
})
