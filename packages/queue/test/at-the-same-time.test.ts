import { expect, onTestFinished, test } from 'vitest'
import { gate, until } from '../src/conformance/conformance-case.ts'
import { createQueue, memoryDriver, type Queue, type RetentionRules } from '../src/index.ts'
import { TestClock } from './fixtures/test-clock.ts'
import { WatchedDatabase } from './fixtures/watched-database.ts'

const MINUTE_MS = 60_000

interface Opened {
  readonly queue: Queue
  readonly database: WatchedDatabase
  readonly clock: TestClock
  readonly errors: unknown[]
}

async function open(retention: Partial<RetentionRules> = {}): Promise<Opened> {
  const clock = new TestClock()
  const database = new WatchedDatabase()
  const queue = createQueue({ driver: memoryDriver({ retention }, { clock, database }) }, { clock })
  const errors: unknown[] = []
  queue.addEventListener('error', ({ detail }) => errors.push(detail))
  onTestFinished(() => queue.stop({ timeoutMs: 0 }))
  return { queue, database, clock, errors }
}

/** Two dead letters that are too old to be kept, the second with a dedup key. */
async function tooOld({ queue }: Opened): Promise<readonly [string, string]> {
  const retry = { attempts: 1 }
  queue.registerHandler('fails', () => {
    throw new Error('no')
  })
  await queue.start()
  const first = await queue.add('fails', 1, { retry })
  const second = await queue.add('fails', 2, { retry, dedupKey: 'key' })
  for (const { id } of [first, second]) await expect(queue.waitFor(id)).rejects.toThrow('no')
  await queue.pause()
  return [first.id, second.id]
}

async function expectWaitingAlone({ queue }: Opened, id: string): Promise<void> {
  expect((await queue.counts()).get('fails')).toMatchObject({ failed: 0, waiting: 1 })
  expect(await queue.get(id)).toMatchObject({ status: 'waiting' })
  expect(await queue.add('fails', 2, { dedupKey: 'key' })).toEqual({ id, isDuplicate: true })
}

const RETENTION = { failed: { ageMs: 1_000, count: 10 } }

test('retention does not pass a job that is being retried', async () => {
  const opened = await open(RETENTION)
  const { queue, database, clock } = opened
  const [first, second] = await tooOld(opened)
  const { opened: released, open: release } = gate()
  const { opened: read, open: isRead } = gate()
  database.onRead = async (key) => {
    if (key !== `QJ${second}`) return
    isRead()
    await released
  }
  const retried = queue.retry(second)
  await read
  clock.pass(MINUTE_MS)
  await until('the first is gone', async () => (await queue.get(first)) === undefined)
  release()
  expect(await retried).toBe(true)
  await expectWaitingAlone(opened, second)
})

test('a job that was retried while retention looked at it is not passed', async () => {
  const opened = await open(RETENTION)
  const { queue, database, clock } = opened
  const [first, second] = await tooOld(opened)
  const { opened: released, open: release } = gate()
  const { opened: read, open: isRead } = gate()
  database.onRead = async (key) => {
    if (!key.startsWith('QEf')) return
    isRead()
    await released
  }
  clock.pass(MINUTE_MS)
  await read
  expect(await queue.retry(second)).toBe(true)
  release()
  await until('the first is gone', async () => (await queue.get(first)) === undefined)
  await expectWaitingAlone(opened, second)
})

test('jobs are added together although another that has one of their dedup keys is not', async () => {
  const { queue, database } = await open()
  await queue.start()
  const { opened: released, open: release } = gate()
  const { opened: read, open: isRead } = gate()
  database.onRead = async (key) => {
    if (key !== 'QUwork:a') return
    database.onRead = () => {}
    isRead()
    await released
    throw new Error('cannot be read')
  }
  const failing = queue.add('work', 1, { dedupKey: 'a' })
  failing.catch(() => {})
  await read
  const added = queue.addMany([
    { name: 'work', data: 2, options: { dedupKey: 'b' } },
    { name: 'work', data: 3, options: { dedupKey: 'a' } },
    { name: 'work', data: 4 },
  ])
  added.catch(() => {})
  const other = await queue.add('work', 5)
  release()
  await expect(failing).rejects.toThrow('cannot be read')
  const ids = (await added).map(({ id, isDuplicate }) => (isDuplicate ? '' : id))
  const { jobs } = await queue.list({ status: 'waiting' })
  expect(jobs.map(({ id }) => id).sort()).toEqual([...ids, other.id].sort())
})

test('a job that was cancelled and is retried begins when its handler has ended', async () => {
  const { queue } = await open()
  const { opened: released, open: release } = gate()
  let runs = 0
  let running = 0
  let most = 0
  queue.registerHandler('work', async () => {
    runs += 1
    running += 1
    most = Math.max(most, running)
    // Its signal means nothing to it.
    await released
    running -= 1
    return 'done'
  })
  await queue.start()
  const { id } = await queue.add('work', 1)
  const other = await queue.add('work', 2)
  await until('they run', () => runs === 2)
  for (const one of [id, other.id]) {
    expect(await queue.cancel(one)).toBe(true)
    expect(await queue.retry(one)).toBe(true)
  }
  await until('they are to run', async () => (await queue.counts()).get('work')?.running === 2)
  // Cancelled once more, it does not begin at all.
  expect(await queue.cancel(other.id)).toBe(true)
  expect(runs).toBe(2)
  release()
  expect(await queue.waitFor(id)).toBe('done')
  expect(most).toBe(2)
  expect(runs).toBe(3)
  expect(await queue.get(other.id)).toMatchObject({ status: 'cancelled' })
})

test('what cannot be read after the database was opened anew is read again', async () => {
  const { queue, database, clock, errors } = await open()
  queue.registerHandler('work', () => 'done')
  await queue.start()
  const { id } = await queue.add('work', 1, { delayMs: 10 })
  database.onWrite = () => {
    database.onWrite = () => {}
    throw new Error('no space left on device')
  }
  const { opened: failed, open: hasFailed } = gate()
  database.onRead = (key) => {
    if (key !== 'QS') return
    database.onRead = () => {}
    hasFailed()
    throw new Error('cannot be read')
  }
  await expect(queue.add('work', 2)).rejects.toMatchObject({ code: 'ERR_COMMIT_FAILED' })
  await failed
  await until('it is done', async () => {
    clock.pass(100)
    return (await queue.get(id))?.status === 'done'
  })
  expect(errors).toMatchObject([{ message: 'cannot be read' }])
})
