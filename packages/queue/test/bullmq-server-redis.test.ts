import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { gate, until } from '../src/conformance/conformance-case.ts'
import { bullmqDriver, createQueue } from '../src/index.ts'
import { missingForRedis, startRedis } from './fixtures/redis-server.ts'

describe.skipIf(missingForRedis !== undefined)('the server of the bullmq driver', () => {
  test('one that throws keys away when it is full is refused', async () => {
    const redis = await startRedis('--appendonly', 'yes', '--maxmemory-policy', 'allkeys-lru')
    onTestFinished(() => redis.stop())
    const queue = createQueue({ driver: bullmqDriver({ url: redis.url }) })
    await expect(queue.start()).rejects.toMatchObject({
      code: 'ERR_QUEUE_SERVER',
      message: expect.stringContaining('allkeys-lru'),
    })
  })

  test('one that keeps no log on disk is complained of, and used', async () => {
    const redis = await startRedis('--appendonly', 'no')
    onTestFinished(() => redis.stop())
    const queue = createQueue({ driver: bullmqDriver({ url: redis.url }) })
    onTestFinished(() => queue.stop())
    const complaints: unknown[] = []
    queue.addEventListener('error', ({ detail }) => complaints.push(detail))
    await queue.start()
    expect(complaints).toMatchObject([{ code: 'ERR_QUEUE_SERVER' }])
    expect((await queue.add('job', {})).isDuplicate).toBe(false)
  })

  test('one that is full refuses: what it did not take is not acknowledged', async () => {
    const redis = await startRedis('--appendonly', 'yes', '--maxmemory', '6mb')
    onTestFinished(() => redis.stop())
    const queue = createQueue({ driver: bullmqDriver({ url: redis.url }) })
    onTestFinished(() => queue.stop())
    await queue.start()
    const job = { name: 'large', data: 'x'.repeat(400_000) }
    let acknowledged = 0
    const fill = async (add: () => Promise<number>) => {
      for (;;) acknowledged += await add()
    }
    await expect(fill(async () => (await queue.addMany([job, job])).length)).rejects.toMatchObject({
      code: 'ERR_QUEUE_SERVER',
    })
    const one = async () => ((await queue.add(job.name, job.data)).isDuplicate ? 0 : 1)
    await expect(fill(one)).rejects.toMatchObject({ code: 'ERR_QUEUE_SERVER' })
    expect(acknowledged).toBeGreaterThan(0)
    expect((await queue.counts()).get('large')?.waiting).toBe(acknowledged)
  })

  test('a server that is not there is no queue', async () => {
    const queue = createQueue({ driver: bullmqDriver({ url: '/nonexistent/redis.sock' }) })
    await expect(queue.start()).rejects.toMatchObject({ code: 'ERR_QUEUE_SERVER' })
  })

  test('that dies and comes back loses nothing acknowledged, and what was asked of it meanwhile is done', async () => {
    const redis = await startRedis('--appendonly', 'yes')
    onTestFinished(() => redis.stop())
    const queue = createQueue({ driver: bullmqDriver({ url: redis.url, lockMs: 1_000 }) })
    onTestFinished(() => queue.stop({ timeoutMs: 1_000 }))
    const ran = new Set<unknown>()
    queue.registerHandler('work', ({ data }) => {
      ran.add(data)
    })
    await queue.start()
    await queue.pause('work')
    await queue.addMany(Array.from({ length: 20 }, (_, n) => ({ name: 'work', data: n })))
    let meanwhile: Promise<unknown> = Promise.resolve()
    await redis.restart(async () => {
      meanwhile = Promise.all([queue.add('work', 20), queue.add('work', 21)])
    })
    await meanwhile
    await queue.resume('work')
    await expect.poll(() => ran.size, { timeout: 25_000 }).toBe(22)
    expect((await queue.counts()).get('work')).toMatchObject({ waiting: 0, failed: 0 })
  })

  test('that is full when it is told that a job failed is asked again: it is tried again, and no dead letter', async () => {
    const redis = await startRedis('--appendonly', 'yes')
    onTestFinished(() => redis.stop())
    const operator = new Redis(redis.url)
    onTestFinished(() => operator.disconnect())
    const queue = createQueue({ driver: bullmqDriver({ url: redis.url, lockMs: 5_000 }) })
    onTestFinished(() => queue.stop({ timeoutMs: 1_000 }))
    const hold = gate()
    const complaints: string[] = []
    queue.addEventListener('error', ({ detail }) => complaints.push(String(detail)))
    queue.registerHandler(
      'work',
      async ({ attempt }) => {
        await hold.opened
        if (attempt === 1) throw new Error('not yet')
        return 'done'
      },
      { retry: { attempts: 2, backoff: { type: 'fixed', delayMs: 10 } } },
    )
    await queue.start()
    const { id } = await queue.add('work', {})
    await until('it runs', async () => (await queue.get(id))?.status === 'running')
    await operator.config('SET', 'maxmemory', '1')
    hold.open()
    await until('it has complained', () => complaints.some((text) => text.includes('OOM')))
    await operator.config('SET', 'maxmemory', '0')
    expect(await queue.waitFor(id, { signal: AbortSignal.timeout(20_000) })).toBe('done')
    expect(queue.metrics().get('work')).toMatchObject({ failed: 0, done: 1 })
  })

  test('a name that was made known by a process that died then is paused with all others', async () => {
    const redis = await startRedis('--appendonly', 'yes')
    onTestFinished(() => redis.stop())
    const [one, other] = [redis, redis].map(({ url }) => createQueue({ driver: bullmqDriver({ url }) }))
    onTestFinished(async () => void (await Promise.all([one?.stop(), other?.stop()])))
    await Promise.all([one?.start(), other?.start()])
    await one?.pause()
    const registry = new Queue('~names', { connection: { path: redis.url }, prefix: 'pmesh' })
    onTestFinished(() => registry.close())
    await registry.add('late', {}, { jobId: 'n-late', priority: 1 })
    other?.registerHandler('late', () => 'ran')
    const id = (await one?.add('late', {}))?.id ?? ''
    // Whoever were not paused would have it before the server has answered so often.
    for (let look = 0; look < 50; look += 1) expect((await one?.get(id))?.status).toBe('waiting')
    await one?.resume()
    expect(await one?.waitFor(id, { signal: AbortSignal.timeout(20_000) })).toBe('ran')
  })

  test('that does not answer: callers are told in time, as many as are given up are a bound, and it goes on', async () => {
    const redis = await startRedis('--appendonly', 'yes')
    onTestFinished(() => redis.stop())
    const queue = createQueue({ driver: bullmqDriver({ url: redis.url, answerMs: 200 }) })
    onTestFinished(() => queue.stop({ timeoutMs: 10 }))
    queue.addEventListener('error', () => {})
    await queue.start()
    await queue.add('work', 'before')
    const none = { code: 'ERR_QUEUE_SERVER', message: expect.stringContaining('no answer in 0.2 seconds') }
    await redis.restart(async () => {
      const calls = [
        queue.add('work', 'meanwhile'),
        queue.list({ name: 'work', status: 'waiting' }),
        queue.counts(),
        queue.pause('work'),
        queue.schedules(),
      ]
      for (const { status, reason } of (await Promise.allSettled(calls)) as PromiseRejectedResult[]) {
        expect(status).toBe('rejected')
        expect(reason).toMatchObject(none)
      }
      await Promise.allSettled(Array.from({ length: 1_000 }, () => queue.counts()))
      const refused = { code: 'ERR_QUEUE_SERVER', message: expect.stringContaining('asked no more') }
      await expect(queue.counts()).rejects.toMatchObject(refused)
    })
    // What was on its way is done when it is back, once.
    const waiting = async () => (await queue.counts().catch(() => undefined))?.get('work')?.waiting
    await until('it answers again', async () => (await waiting()) === 2)
  })

  test('that is gone does not keep the queue from stopping', async () => {
    const redis = await startRedis('--appendonly', 'yes')
    const queue = createQueue({ driver: bullmqDriver({ url: redis.url }) })
    const complaints: unknown[] = []
    queue.addEventListener('error', ({ detail }) => complaints.push((detail as { code: unknown }).code))
    const started = Promise.withResolvers<void>()
    queue.registerHandler('long', async ({ signal }) => {
      started.resolve()
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    })
    await queue.start()
    await queue.add('long', {})
    await started.promise
    await redis.stop()
    await queue.stop({ timeoutMs: 10 })
    expect(complaints).toContain('ERR_QUEUE_SERVER')
  })
})
