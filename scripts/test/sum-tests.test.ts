import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const SCRIPT = join(import.meta.dirname, '..', 'sum-tests.ts')

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sum-tests-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function writeReport(name: string, status: string, tests: string[]): Promise<string> {
  const path = join(folder, name)
  const assertionResults = tests.map((each) => ({ status: each }))
  await writeFile(path, JSON.stringify({ testResults: [{ name: 'a.test.ts', status, assertionResults }] }))
  return path
}

function sumTests(paths: string[], environment: { CI?: string } = {}) {
  const { CI: _, ...inherited } = process.env
  const env = { ...inherited, ...environment }
  const { status, stdout } = spawnSync(process.execPath, [SCRIPT, ...paths], { encoding: 'utf8', env })
  return { status, lastLine: stdout.trimEnd().split('\n').at(-1) }
}

test('reports are added up', async () => {
  const paths = [
    await writeReport('a.json', 'passed', ['passed', 'passed', 'skipped']),
    await writeReport('b.json', 'passed', ['passed', 'todo']),
  ]

  expect(sumTests(paths)).toEqual({ status: 0, lastLine: '3 passed, 0 failed, 2 skipped' })
})

test('a failed test fails', async () => {
  const path = await writeReport('a.json', 'failed', ['passed', 'failed'])

  expect(sumTests([path])).toEqual({ status: 1, lastLine: '1 passed, 1 failed, 0 skipped' })
})

test('a file that failed outside its tests counts as one failure', async () => {
  const path = await writeReport('a.json', 'failed', ['passed', 'skipped'])

  expect(sumTests([path])).toEqual({ status: 1, lastLine: '1 passed, 1 failed, 1 skipped' })
})

test('a report that was cut short counts as one failure', async () => {
  const path = join(folder, 'a.json')
  await writeFile(path, '{"testResults": [')

  expect(sumTests([path])).toEqual({ status: 1, lastLine: '0 passed, 1 failed, 0 skipped' })
})

test('no executed test fails', async () => {
  const path = await writeReport('a.json', 'passed', ['skipped'])

  expect(sumTests([path])).toEqual({ status: 1, lastLine: '0 passed, 0 failed, 1 skipped' })
  expect(sumTests([])).toEqual({ status: 1, lastLine: '0 passed, 0 failed, 0 skipped' })
})

test('a skipped test fails in CI', async () => {
  const path = await writeReport('a.json', 'passed', ['passed', 'skipped'])

  expect(sumTests([path], { CI: 'true' })).toEqual({ status: 1, lastLine: '1 passed, 0 failed, 1 skipped' })
})
