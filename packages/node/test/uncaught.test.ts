import { expect, it, onTestFinished } from 'vitest'
import { auditStore } from '../../testkit/src/mesh/audit-store.ts'
import { dataFolder } from '../src/data-folder.ts'
import { runCli } from './fixtures/cli.ts'
import { startNode } from './fixtures/running-node.ts'

const THROW = new URL('./fixtures/throw-on-signal.ts', import.meta.url)

it('an error that nobody catches is logged, closes the database, and ends the node with 1', async () => {
  const node = await startNode({ env: { NODE_OPTIONS: `--import=${THROW}` } })
  onTestFinished(() => node.remove())
  const { dataDir } = node
  const published = await runCli(['publish', 'prices', 'before the crash', '--data', dataDir])
  node.process.kill('SIGUSR2')
  const { code, stdout } = await node.ended
  expect(code).toBe(1)
  expect(stdout).toMatch(/FATAL: crash .*thrown on purpose: the node ends/)
  const audit = await auditStore(dataFolder(dataDir).database)
  expect(audit.problems).toEqual([])
  expect([...audit.messages.keys()]).toEqual([published.stdout.trim()])
})
