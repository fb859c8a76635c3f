import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { dataFolder } from '../src/data-folder.ts'
import { finished, spawnCli } from './fixtures/cli.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

it('a signal while the node makes its keys ends it in good order', async () => {
  const dataDir = join(await temporaryFolder(), 'data')
  const child = spawnCli(['start', '--data', dataDir, '--listen', '/ip4/127.0.0.1/tcp/0'])
  const ended = finished(child)
  // Deriving the key from the passphrase takes some hundred milliseconds from here.
  await waitUntil(() => existsSync(dataDir), { what: 'the data folder', everyMs: 1 })
  child.kill('SIGTERM')
  const { code, signal, stdout, stderr } = await ended
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  expect(stdout).toMatch(/SIGTERM: stopping.*"event":"stopped".*\n$/s)
  expect(existsSync(dataFolder(dataDir).socket)).toBe(false)
})
