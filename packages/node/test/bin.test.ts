import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const BIN = fileURLToPath(new URL('../bin/pmesh.js', import.meta.url))

function run(...args: string[]): Promise<{ code: unknown; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, _, stderr) => resolve({ code: error?.code ?? 0, stderr }))
  })
}

test('on a Node that is too old pmesh says so', async () => {
  const old = `Object.defineProperty(process.versions, 'node', { value: '20.20.2' })`
  const { code, stderr } = await run(
    '--import',
    `data:text/javascript,${encodeURIComponent(old)}`,
    BIN,
    'status',
  )
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'pmesh: needs Node 22.15 or newer, and this is 20.20.2\n',
  })
})

test('in a clone that is not built it says so', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pmesh-bin-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'bin'))
  await copyFile(BIN, join(folder, 'bin/pmesh.mjs'))
  const { code, stderr } = await run(join(folder, 'bin/pmesh.mjs'), 'status')
  expect({ code, stderr }).toEqual({ code: 1, stderr: 'pmesh: is not built yet: npm run build\n' })
})
