import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { waitUntil } from '../src/mesh/wait-until.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const STARTER = fileURLToPath(new URL('fixtures/start-and-exit.ts', import.meta.url))

it('a node does not outlive the process that started it and forgot it', async () => {
  const dataDir = join(await temporaryFolder(), 'data')
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=source', STARTER, dataDir])
  expect(stdout).toMatch(/^node \d+ runs\n$/)
  await waitUntil(() => !execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).includes(dataDir), {
    what: 'the node to be gone',
  })
})
