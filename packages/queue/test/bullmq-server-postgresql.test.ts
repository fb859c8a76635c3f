import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { gate, until } from '../src/conformance/conformance-case.ts'
import { bullmqDriver, createQueue } from '../src/index.ts'
import { missingForPostgresql, type PostgresqlServer, startPostgresql } from './fixtures/postgresql-server.ts'

const REFUSE = `
  CREATE FUNCTION pmesh.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'it is full'; END $$;
  CREATE TRIGGER refuse BEFORE UPDATE ON pmesh.job FOR EACH ROW
    WHEN (OLD.data IS DISTINCT FROM NEW.data OR NEW.state = 'completed') EXECUTE FUNCTION pmesh.refuse()`
const ACCEPT = 'DROP TRIGGER refuse ON pmesh.job; DROP FUNCTION pmesh.refuse()'

describe.skipIf(missingForPostgresql !== undefined)('a PostgreSQL that does not do what it is asked', () => {
  let postgresql: PostgresqlServer
  beforeAll(async () => {
    postgresql = await startPostgresql()
  }, 60_000)
  afterAll(() => postgresql?.stop())

  for (const [what, handle, failures] of [
    ['that a job is done', () => 'done', 0],
    [
      'that it is tried again',
      (attempt: number) => (attempt === 1 ? Promise.reject(new Error()) : 'done'),
      1,
    ],
  ] as const) {
    test(`when it is told ${what}: it is asked again, and that is no failure of the job`, async () => {
      const queue = createQueue({ driver: bullmqDriver({ url: postgresql.url, lockMs: 5_000 }) })
      onTestFinished(() => queue.stop({ timeoutMs: 10 }))
      const hold = gate()
      const complaints: string[] = []
      queue.addEventListener('error', ({ detail }) => complaints.push(String(detail)))
      const retry = { attempts: 2, backoff: { type: 'fixed', delayMs: 10 } } as const
      queue.registerHandler('work', ({ attempt }) => hold.opened.then(() => handle(attempt)), { retry })
      await queue.start()
      const { id } = await queue.add('work', {})
      await until('it runs', async () => (await queue.get(id))?.status === 'running')
      await postgresql.run(REFUSE)
      hold.open()
      await until('it has complained', () => complaints.some((text) => text.includes('it is full')))
      await postgresql.run(ACCEPT)
      expect(await queue.waitFor(id, { signal: AbortSignal.timeout(20_000) })).toBe('done')
      expect(await queue.get(id)).toMatchObject({ status: 'done', failures, stalls: 0 })
      expect(queue.metrics().get('work')).toMatchObject({ failed: 0, retrying: failures, done: 1 })
    })
  }

  test('when it is told that a job is done, which is cancelled meanwhile: it is cancelled, and nothing else', async () => {
    const queue = createQueue({ driver: bullmqDriver({ url: postgresql.url, lockMs: 5_000 }) })
    onTestFinished(() => queue.stop({ timeoutMs: 10 }))
    const complaints: string[] = []
    queue.addEventListener('error', ({ detail }) => complaints.push(String(detail)))
    queue.registerHandler('both', () => 'done')
    await queue.start()
    await postgresql.run(REFUSE)
    const { id } = await queue.add('both', {})
    await until('it has complained', () => complaints.some((text) => text.includes('it is full')))
    expect(await queue.cancel(id)).toBe(true)
    await postgresql.run(ACCEPT)
    await until('it has ended', async () => (await queue.counts()).get('both')?.running === 0)
    await until('it is gone', async () => (await queue.counts()).get('both')?.done === 0)
    expect((await queue.counts()).get('both')).toMatchObject({ done: 0, failed: 0, cancelled: 1 })
    await expect(queue.waitFor(id)).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' })
    expect(queue.metrics().get('both')).toMatchObject({ done: 0, cancelled: 1 })
  })

  test('that cuts connections again and again makes no dead letters', async () => {
    const { url } = postgresql
    const queue = createQueue({ driver: bullmqDriver({ url, lockMs: 1_000, namespace: 'cut' }) })
    onTestFinished(() => queue.stop({ timeoutMs: 10 }))
    const complaints: unknown[] = []
    queue.addEventListener('error', ({ detail }) => complaints.push(detail))
    queue.registerHandler('work', ({ attempt }) => (attempt === 1 ? Promise.reject(new Error()) : 'done'), {
      retry: { attempts: 2, backoff: { type: 'fixed', delayMs: 10 } },
    })
    await queue.start()
    await queue.addMany(Array.from({ length: 50 }, (_, n) => ({ name: 'work', data: n })))
    for (let cut = 0; cut < 5; cut += 1) {
      await postgresql.run(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()',
      )
    }
    await expect
      .poll(() => queue.counts().then((counts) => counts.get('work')?.done), { timeout: 25_000 })
      .toBe(50)
    expect((await queue.counts()).get('work')).toMatchObject({ failed: 0, waiting: 0, running: 0 })
    expect(complaints).not.toEqual([])
  }, 30_000)
})

describe.skipIf(missingForPostgresql !== undefined)('a PostgreSQL that is gone', () => {
  test('refuses: what it did not take is not acknowledged; and does not keep the queue from stopping', async () => {
    const postgresql = await startPostgresql()
    const queue = createQueue({ driver: bullmqDriver({ url: postgresql.url }) })
    try {
      queue.registerHandler('work', () => 'done')
      await queue.start()
      const jobs = [1, 2].map((data) => ({ name: 'work', data }))
      await queue.addMany(jobs)
      await queue.drain({ signal: AbortSignal.timeout(20_000) })
      await postgresql.stop()
      await expect(queue.addMany(jobs)).rejects.toMatchObject({ code: 'ERR_QUEUE_SERVER' })
      await expect(queue.add('work', 3)).rejects.toMatchObject({ code: 'ERR_QUEUE_SERVER' })
    } finally {
      await queue.stop({ timeoutMs: 10 })
    }
  })
})
