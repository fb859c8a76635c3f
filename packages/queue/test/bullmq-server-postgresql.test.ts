import { describe, expect, test } from 'vitest'
import { bullmqDriver, createQueue } from '../src/index.ts'
import { missingForPostgresql, startPostgresql } from './fixtures/postgresql-server.ts'

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
