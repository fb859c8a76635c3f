import { execFile } from 'node:child_process'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { runCli } from './fixtures/cli.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const run = promisify(execFile)

test('its types are those of the program that made it, with no compiler options but its own', async () => {
  const cwd = await temporaryFolder()
  // Another copy is here: plugins that are made with it are none to this one.
  await mkdir(join(cwd, 'node_modules/@pastel-mesh/node'), { recursive: true })
  await writeFile(join(cwd, 'node_modules/@pastel-mesh/node/package.json'), '{ "version": "9.0.0" }')
  await symlink(join(ROOT, 'node_modules/zod'), join(cwd, 'node_modules/zod'))
  const { stdout } = await runCli(['plugin', 'new', 'typed', '--json'], { cwd })
  const { folder, linked } = JSON.parse(stdout)
  expect(linked).toContain('@pastel-mesh/node')
  expect(linked).not.toContain('zod')
  const call = await readFile(join(folder, 'call.ts'), 'utf8')
  await writeFile(
    join(folder, 'wrong.ts'),
    call
      .replace('console.log(await hello', '// @ts-expect-error: it is a text\nconsole.log(await hello')
      .replace("'you'", '1'),
  )
  await run(join(ROOT, 'node_modules/.bin/tsc'), ['--noEmit', '--customConditions', 'source'], {
    cwd: folder,
  })
}, 120_000)
