import { spawn } from 'node:child_process'
import { utimes } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { makeCheapIdentity } from './fixtures/cheap-identity.ts'
import { finished, gather } from './fixtures/cli.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const SOURCE = fileURLToPath(new URL('../src/version.ts', import.meta.url))

it('npm run dev starts the node again when its source changes, and ends with it', async () => {
  const dataDir = await temporaryFolder()
  await makeCheapIdentity(dataDir)
  const args = ['run', 'dev', '--', '--data', dataDir, '--listen', '/ip4/127.0.0.1/tcp/0']
  // A group of its own: npm, node that watches, and the node.
  const ports = ['--api-listen', 'off', '--metrics-listen', 'off']
  const child = spawn('npm', [...args, ...ports, '--log-format', 'pretty'], { cwd: ROOT, detached: true })
  const output = gather(child.stdout)
  const ended = finished(child)
  const signal = (name: NodeJS.Signals) => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, name)
  }
  onTestFinished(() => signal('SIGKILL'))
  const readies = () => output().match(/, ready$/gm)?.length ?? 0
  await waitUntil(() => readies() === 1, { what: 'the node to be ready' })
  const now = new Date()
  await utimes(SOURCE, now, now)
  await waitUntil(() => readies() === 2, { what: 'the node to be ready again' })
  expect(output()).toContain('all parts have stopped')
  signal('SIGINT')
  await ended
}, 60_000)
