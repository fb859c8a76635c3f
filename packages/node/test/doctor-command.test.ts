import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CHECKS } from '../src/doctor/checks.ts'
import { MAX_EXAMINE_MS } from '../src/doctor/examine.ts'
import { makeCheapIdentity } from './fixtures/cheap-identity.ts'
import { runCli } from './fixtures/cli.ts'
import { diagnosed } from './fixtures/doctor.ts'
import { folderContent } from './fixtures/folder-content.ts'
import { listening } from './fixtures/listening.ts'
import { startNode } from './fixtures/running-node.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const OFF = ['--api-listen', 'off', '--metrics-listen', 'off', '--listen', '127.0.0.1:0']

describe('pmesh doctor', () => {
  it('says of each thing how it is, changes nothing, and ends well where nothing failed', async () => {
    const dataDir = await temporaryFolder()
    await makeCheapIdentity(dataDir)
    const before = await folderContent(dataDir)
    const { code, stdout, stderr } = await runCli(['doctor', '--data', dataDir, ...OFF])
    expect(stderr).toBe('')
    for (const { name } of CHECKS) {
      expect(stdout).toMatch(new RegExp(`^(ok|warning|failed|not checked) +${name} {2}`, 'm'))
    }
    expect(stdout).toMatch(
      /^\w+ +fsync +p50 [\d.]+ ms, p99 [\d.]+ ms, longest [\d.]+ ms, of \d+ syncs of 4 KiB/m,
    )
    // Whatever is not as it should be has one line with what to do.
    const lines = stdout.split('\n')
    for (const [at, line] of lines.entries()) {
      if (/^(warning|failed)/.test(line)) expect(lines[at + 1]).toMatch(/^ +→ \S/)
    }
    // Where the tests' folders are in memory that is said, too.
    expect(lines.filter((line) => line.startsWith('failed') && !/ is on tmpfs, /.test(line))).toEqual([])
    const failed = lines.filter((line) => line.startsWith('failed')).length
    expect(stdout).toMatch(
      new RegExp(`\\n\\n\\d+ ok, \\d+ warnings?, ${failed} failed, \\d+ not checked\\n$`),
    )
    expect(code).toBe(failed === 0 ? 0 : 1)
    expect(await folderContent(dataDir)).toEqual(before)
  })

  it('says of a node that runs what that says of itself, and which process it is', async () => {
    const node = await startNode()
    onTestFinished(node.remove)
    const { pid } = node.process
    // What it would be started with now is not what it was told.
    const { of } = await diagnosed(['--data', node.dataDir])
    expect(of('node')[1]).toMatchObject({ state: 'ok', measured: { pid } })
    expect(of('database')).toMatchObject([{ state: 'ok', measured: { pid } }])
    expect(of('open files')).toMatchObject([
      {
        state: 'ok',
        measured: { openFiles: expect.any(Number) },
        message: expect.stringContaining(`process ${pid}`),
      },
    ])
    expect(of('memory')).toMatchObject([{ measured: { usedBytes: expect.any(Number) } }])
    expect(of('port')).toMatchObject([{ state: 'ok', message: 'any free port (listen)' }])
    expect(of('mesh certificate')).toMatchObject([
      { state: 'ok', message: expect.stringMatching(/^good for 23 h, renewed in 11 h$/) },
    ])
    expect(of('address')).toMatchObject([
      { state: 'warning', message: expect.stringContaining('no other can dial it') },
      { state: 'ok', message: expect.stringMatching(/^announced, answers from here after /) },
      { state: 'ok', measured: { peers: 0 } },
    ])
  })

  it('ends with 1 where something failed, and says who has a port and what to do', async () => {
    const dataDir = await temporaryFolder()
    const port = await listening({ port: 0 })
    const { code, of } = await diagnosed(['--data', dataDir, ...OFF, '--api-listen', `127.0.0.1:${port}`])
    expect(code).toBe(1)
    const name = (await readFile(`/proc/${process.pid}/comm`, 'utf8')).trim()
    expect(of('port')).toContainEqual({
      check: 'port',
      subject: `127.0.0.1:${port}`,
      state: 'failed',
      message: `in use by process ${process.pid} (${name}) (api.listen)`,
      advice: `stop it ("kill ${process.pid}"), or choose another with --api-listen ADDRESS:PORT (api.listen)`,
      measured: { key: 'api.listen', host: '127.0.0.1', port, code: 'EADDRINUSE', pid: process.pid },
    })
  })

  it('says what is wrong with the configuration, and checks what does not need it', async () => {
    const dataDir = await temporaryFolder()
    await writeFile(join(dataDir, 'pmesh.yaml'), 'relay: perhaps\n')
    const { code, of } = await diagnosed(['--data', dataDir])
    expect(code).toBe(1)
    expect(of('configuration')).toMatchObject([
      {
        state: 'failed',
        subject: 'relay',
        message: `relay "perhaps" (${dataDir}/pmesh.yaml:1): neither true nor false (yes/no, on/off, 1/0)`,
      },
    ])
    expect(of('port')).toMatchObject([{ state: 'not-checked', message: 'the configuration is wrong' }])
    expect(of('fsync')).toMatchObject([{ measured: { syncs: expect.any(Number) } }])
  })

  it('says by when it ends at the latest', async () => {
    const { stdout } = await runCli(['doctor', '--help'])
    const [, seconds] = /ends\s+within\s+(\d+)\s+seconds/.exec(stdout) ?? []
    expect(Number(seconds) * 1_000).toBeGreaterThanOrEqual(MAX_EXAMINE_MS)
  })
})
