import { defineConfig } from 'vitest/config'
import { fullTests } from './scripts/full-tests.ts'

const all = ['packages/*/test/**/*.test.ts', 'scripts/test/**/*.test.ts']

// Tests run the source: the `source` condition of every package's exports points at src/.
export default defineConfig({
  ssr: { resolve: { conditions: ['source', 'node', 'import', 'module', 'default'] } },
  resolve: { conditions: ['source', 'node', 'import', 'module', 'default'] },
  test: {
    // The full form is in addition to the normal one: what it would only repeat is not in it.
    include: process.env.PMESH_TEST_FULL === undefined ? all : fullTests(import.meta.dirname, all),
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
  },
})
