import { describe } from 'vitest'
import { missingForRedis, startRedis } from './fixtures/redis-server.ts'
import { MODEL_RUNS } from './fixtures/test-runs.ts'
import { testServerModel } from './fixtures/test-server-model.ts'

describe.skipIf(missingForRedis !== undefined)('on Redis', () => {
  testServerModel(MODEL_RUNS.redis, () => startRedis('--appendonly', 'yes'))
})
