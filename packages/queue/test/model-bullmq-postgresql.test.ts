import { describe } from 'vitest'
import { missingForPostgresql, startPostgresql } from './fixtures/postgresql-server.ts'
import { MODEL_RUNS } from './fixtures/test-runs.ts'
import { testServerModel } from './fixtures/test-server-model.ts'

describe.skipIf(missingForPostgresql !== undefined)('on PostgreSQL', () => {
  testServerModel(MODEL_RUNS.postgresql, startPostgresql)
})
