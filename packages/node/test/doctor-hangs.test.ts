import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dataFolder } from '../src/data-folder.ts'
import { CHECKS } from '../src/doctor/checks.ts'
import { diagnosed } from './fixtures/doctor.ts'
import { listening } from './fixtures/listening.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

describe('pmesh doctor', () => {
  it('is held up by nothing that hangs', async () => {
    const dataDir = await temporaryFolder()
    // To read it takes until somebody writes: a thread that no process ends without.
    execFileSync('/usr/bin/mkfifo', [join(dataDir, 'pmesh.yaml')])
    // A node that takes connections and never answers.
    await listening({ path: dataFolder(dataDir).socket })
    const { code, of } = await diagnosed(['--data', dataDir])
    expect(code).toBe(1)
    expect(of('configuration')).toMatchObject([
      { state: 'failed', message: expect.stringContaining('what it is read from hangs') },
    ])
    expect(of('node')[1]).toMatchObject({
      state: 'failed',
      message: 'the node does not answer: it did not answer on its socket for 5 s',
      advice: expect.stringContaining('SIGKILL'),
    })
    expect(of('data folder')[0]).toMatchObject({ state: 'ok' })
  })

  it('tells what it has found also when a plugin ends its process', async () => {
    const dataDir = await temporaryFolder()
    await writeFile(join(dataDir, 'ending.ts'), 'process.exit(3)\n')
    const args = ['--listen', '127.0.0.1:0', '--api-listen', 'off', '--metrics-listen', 'off']
    const { all, of } = await diagnosed(['--data', dataDir, '--plugin', './ending.ts', ...args], {
      cwd: dataDir,
    })
    expect(of('plugins')).toMatchObject([
      { state: 'failed', message: expect.stringMatching(/^the process of the checks ended/) },
    ])
    expect(new Set(all.map(({ check }) => check))).toEqual(new Set(CHECKS.map(({ name }) => name)))
    expect(all.filter(({ message }) => message.includes('process of the checks ended'))).toHaveLength(1)
  })
})
