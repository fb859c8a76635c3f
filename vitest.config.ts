import { defineConfig } from 'vitest/config'
import { fullTests } from './scripts/full-tests.ts'

// biome-ignore lint/suspicious/noUndeclaredEnvVars: no build depends on it
const isFull = process.env.PMESH_TEST_FULL !== undefined

const all = ['packages/*/test/**/*.test.ts', 'scripts/test/**/*.test.ts']

// Tests run the source: the `source` condition of every package's exports points at src/.
export default defineConfig({
  ssr: { resolve: { conditions: ['source', 'node', 'import', 'module', 'default'] } },
  resolve: { conditions: ['source', 'node', 'import', 'module', 'default'] },
  test: {
    // The full form is in addition to the normal one: what it would only repeat is not in it.
    include: isFull ? fullTests(import.meta.dirname, all) : all,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
  },
})
