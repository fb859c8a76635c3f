import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { FULL_ONLY, fullTests } from './scripts/full-tests.ts'

// biome-ignore lint/suspicious/noUndeclaredEnvVars: no build depends on it
const isFull = process.env.PMESH_TEST_FULL !== undefined

/**
 * Test files that have a process of their own: they measure it (its memory, its timers, how busy it is), or take the
 * errors that nobody catches. All others follow each other in one process for each worker, which loads the source
 * once, and leave it as they found it: to load it for each takes a second, which is more than most of them do.
 */
const ALONE = [
  'packages/bench/test/**/*.test.ts',
  'packages/sdk-node/test/{abortable,connection-gate-leaks,hostile-corpus*,rate-limiter,sync-holder}.test.ts',
  'packages/sdk-node/test/{connection-closing-crash,gossip-hang-up-crash}.test.ts',
  // They put the timers of the whole process forward, by days: also those that others have left.
  'packages/sdk-node/test/connection-gate-timers.test.ts',
  'packages/node/test/{background-task,plugin-hangs}.test.ts',
  'packages/storage/test/{listeners,memory-bounds}.test.ts',
]

const all = ['packages/*/test/**/*.test.ts', 'scripts/test/**/*.test.ts']

// The full form is in addition to the normal one: what it would only repeat is not in it, and the other way round.
const leftOut = ['**/node_modules/**', ...(isFull ? [] : [FULL_ONLY])]
const filesOf = (patterns: string[]) => (isFull ? fullTests(import.meta.dirname, patterns) : patterns)

// Tests run the source: the `source` condition of every package's exports points at src/.
export default defineConfig({
  // Not `import`: that is for each importer to add, and CommonJS packages would get each other's ES modules.
  ssr: { resolve: { conditions: ['source', 'node', 'module', 'default'] } },
  resolve: { conditions: ['source', 'node', 'module', 'default'] },
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    globalSetup: ['scripts/watch-run.ts'],
    // Tests wait for other processes, sockets and the disk for more than half of their time: one worker for all cores
    // but one, which is the default, leaves two cores half idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Node keeps what it compiled, for the tests' processes and those that they start.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/compile') },
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: filesOf(all),
          exclude: [...leftOut, ...ALONE],
          isolate: false,
          setupFiles: ['scripts/test-leaves-nothing.ts', 'scripts/test-tells-no-secret.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: filesOf(ALONE),
          exclude: leftOut,
          setupFiles: ['scripts/test-tells-no-secret.ts'],
        },
      },
    ],
  },
})
