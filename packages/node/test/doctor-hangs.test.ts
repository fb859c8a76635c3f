import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dataFolder } from '../src/data-folder.ts'
import type { Check, CheckContext, Finding } from '../src/doctor/check.ts'
import { CHECKS } from '../src/doctor/checks.ts'
import { longestMs, runChecks } from '../src/doctor/run-checks.ts'
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
      {
        state: 'failed',
        message: expect.stringMatching(/^the process of the checks ended, .*: exit code 3$/),
      },
    ])
    expect(new Set(all.map(({ check }) => check))).toEqual(new Set(CHECKS.map(({ name }) => name)))
    expect(all.filter(({ message }) => message.includes('process of the checks ended'))).toHaveLength(1)
  })
})

describe('checks', () => {
  it('have their turns, end when their time is over, and hold up no other', async () => {
    const turns: string[] = []
    const checkOf = (name: string, turn?: 'first' | 'last'): Check => ({
      name,
      timeoutMs: 10_000,
      ...(turn === undefined ? {} : { turn }),
      async run() {
        turns.push(`${name} begins`)
        await new Promise((resolve) => setImmediate(resolve))
        turns.push(`${name} ends`)
        return [{ state: 'ok', message: name }]
      },
    })
    let signalOf: AbortSignal | undefined
    const hanging: Check = {
      name: 'hanging',
      timeoutMs: 100,
      run: (_, signal) => {
        signalOf = signal
        return new Promise(() => {})
      },
    }
    const throwing: Check = {
      name: 'throwing',
      timeoutMs: 100,
      run: () => Promise.reject(new Error('EIO: no')),
    }
    const told = new Map<string, readonly Finding[]>()
    const checks = [checkOf('last', 'last'), hanging, throwing, checkOf('other'), checkOf('first', 'first')]
    const delays = { enable: () => true, disable: () => true, max: 0 }
    const run = () =>
      runChecks(checks, {} as CheckContext, (name, findings) => told.set(name, findings), delays)
    await run()
    expect(turns).toEqual([
      'first begins',
      'first ends',
      'other begins',
      'other ends',
      'last begins',
      'last ends',
    ])
    expect(told.get('hanging')).toMatchObject([{ state: 'failed', message: 'it did not end within 0.1 s' }])
    expect(signalOf?.aborted).toBe(true)
    expect(told.get('throwing')).toMatchObject([
      { state: 'not-checked', message: expect.stringContaining('EIO: no') },
    ])
    expect(longestMs(checks)).toBe(30_000)
    // On a machine that is busy nobody knows what hangs.
    delays.max = 800e6
    await run()
    expect(told.get('hanging')).toMatchObject([
      {
        state: 'not-checked',
        message:
          'it did not end within 0.1 s, on a busy machine: this command waited up to 800 ms for a processor',
      },
    ])
  })
})
