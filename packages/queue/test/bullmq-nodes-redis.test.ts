import { describe } from 'vitest'
import { missingForRedis, startRedis } from './fixtures/redis-server.ts'
import { testNodes } from './fixtures/test-nodes.ts'

describe.skipIf(missingForRedis !== undefined)('several nodes on one Redis', () => {
  testNodes(() => startRedis('--appendonly', 'yes'))
})
