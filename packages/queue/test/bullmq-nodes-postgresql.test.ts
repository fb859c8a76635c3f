import { describe } from 'vitest'
import { missingForPostgresql, startPostgresql } from './fixtures/postgresql-server.ts'
import { testNodes } from './fixtures/test-nodes.ts'

describe.skipIf(missingForPostgresql !== undefined)('several nodes on one PostgreSQL', () => {
  testNodes(startPostgresql)
})
