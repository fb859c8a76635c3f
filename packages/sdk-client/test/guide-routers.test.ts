import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { runCli } from '../../node/test/fixtures/cli.ts'
import { temporaryFolder } from '../../node/test/fixtures/temporary-folder.ts'
import { example, ROOT } from '../../queue/test/fixtures/example.ts'
import { freePort } from '../../testkit/src/mesh/free-port.ts'

const GUIDE = 'docs/guides/further-routers.md'
const run = promisify(execFile)

test('the guide: procedures of a program of its own are called by another, with a key of the node', async () => {
  const cwd = await temporaryFolder()
  await symlink(join(ROOT, 'node_modules'), join(cwd, 'node_modules'))
  await writeFile(join(cwd, 'package.json'), '{ "type": "module" }')
  const port = await freePort()
  // Others may run on this machine.
  const served = (await example(GUIDE, 'prices'))
    .replace('tcp/7201', 'tcp/0')
    .replace("'127.0.0.1:7123' }", `'127.0.0.1:${port}' }, metrics: { listen: 'off' }`)
  await writeFile(join(cwd, 'prices.ts'), served)
  await writeFile(join(cwd, 'ask.ts'), await example(GUIDE, 'ask'))
  const prices = spawn(process.execPath, ['--conditions=source', 'prices.ts'], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void prices.kill('SIGKILL'))
  const [line] = await once(createInterface(prices.stdout), 'line')
  expect(line).toBe(`the API is at http://127.0.0.1:${port}`)
  const made = await runCli(['keys', 'create', 'asker', '--scope', 'read', '--json', '--data', './prices'], {
    cwd,
  })
  const { secret } = JSON.parse(made.stdout)
  const env = { ...process.env, PMESH_KEY: secret, NODE_URL: `http://127.0.0.1:${port}` }
  const { stdout } = await run(process.execPath, ['--conditions=source', 'ask.ts'], { cwd, env })
  expect(stdout).toMatch(/^\{\s+pair: 'PSL\/USD',\s+usd: 1\.25,\s+from: 'jX\w+'\s+\}\n$/)
  prices.kill('SIGTERM')
  expect(await once(prices, 'exit')).toEqual([0, null])
}, 60_000)
