import { afterAll, beforeAll, describe, it } from 'vitest'
import { conformanceCases } from '../src/conformance/index.ts'
import { bullmqDriver } from '../src/index.ts'
import { missingForPostgresql, type PostgresqlServer, startPostgresql } from './fixtures/postgresql-server.ts'

if (missingForPostgresql !== undefined) console.warn(missingForPostgresql)

describe.skipIf(missingForPostgresql !== undefined)('the bullmq driver on PostgreSQL', () => {
  let postgresql: PostgresqlServer

  beforeAll(async () => {
    postgresql = await startPostgresql()
  }, 60_000)
  afterAll(() => postgresql?.stop())

  for (const [index, { name, run }] of conformanceCases.entries()) {
    // Several at a time: they wait for the server, and for their own delays, most of the time.
    it.concurrent(name, () =>
      run({ open: () => bullmqDriver({ url: postgresql.url, namespace: `case_${index}` }) }),
    )
  }
})
