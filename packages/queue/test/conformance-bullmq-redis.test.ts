import { afterAll, beforeAll, describe, it } from 'vitest'
import { conformanceCases } from '../src/conformance/index.ts'
import { bullmqDriver } from '../src/index.ts'
import { missingForRedis, type RedisServer, startRedis } from './fixtures/redis-server.ts'

if (missingForRedis !== undefined) console.warn(missingForRedis)

describe.skipIf(missingForRedis !== undefined)('the bullmq driver on Redis', () => {
  let redis: RedisServer

  beforeAll(async () => {
    redis = await startRedis('--appendonly', 'yes')
  })
  afterAll(() => redis?.stop())

  for (const [index, { name, run }] of conformanceCases.entries()) {
    it(name, () => run({ open: () => bullmqDriver({ url: redis.url, namespace: `case-${index}` }) }))
  }
})
