import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { findBinary } from '../../testkit/src/fixtures/find-binary.ts'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { ServiceManager } from '../src/cli/service-manager.ts'
import { gather } from './fixtures/cli.ts'
import { startNode, stopNode } from './fixtures/running-node.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const SOCKET = fileURLToPath(new URL('fixtures/notify-socket.py', import.meta.url))

const missing = findBinary('systemd-notify') === undefined
if (missing)
  console.warn('systemd is not told anything in tests: systemd-notify is missing (apt-get install systemd)')

/** A socket as systemd's, of Debian's own Python. */
async function notifySocket() {
  const path = join(await temporaryFolder(), 'notify')
  const python = spawn('/usr/bin/python3', [SOCKET, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void python.kill())
  const output = gather(python.stdout)
  await waitUntil(() => output().startsWith('bound\n'), { what: 'the socket' })
  const said = () =>
    output()
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => {
        const [, atMs, what = ''] = line.match(/^(\d+) (.*)$/) ?? []
        return { atMs: Number(atMs), what }
      })
  return { env: { ...process.env, NOTIFY_SOCKET: path }, said, told: () => said().map(({ what }) => what) }
}

/** A folder for PATH in which a shell script is called systemd-notify. */
async function pathWith(script: string): Promise<string> {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'systemd-notify'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return folder
}

describe.skipIf(missing)('systemd', () => {
  it('is told when a node is ready, and when it stops', async () => {
    const { env, told } = await notifySocket()
    const node = await startNode({ env: { NOTIFY_SOCKET: env.NOTIFY_SOCKET } })
    onTestFinished(() => node.remove())
    await waitUntil(() => told().includes('READY=1'), { what: 'READY' })
    const { code } = await stopNode(node)
    expect(code).toBe(0)
    expect(told()).toEqual(['READY=1', 'STATUS=ready', 'STOPPING=1', 'STATUS=stopping'])
  })

  it('gets signs of life that end when the event loop does not turn, and at the stop', async () => {
    const { env, said, told } = await notifySocket()
    const onError = vi.fn()
    const manager = new ServiceManager({ env: { ...env, WATCHDOG_USEC: '300000' }, onError })
    onTestFinished(() => manager.stopping())
    const signs = () => said().filter(({ what }) => what === 'WATCHDOG=1')
    manager.ready()
    await waitUntil(() => signs().length >= 3, { what: 'signs of life' })
    const before = signs().length
    await waitUntil(() => signs().length > before, { what: 'one more', everyMs: 1 })
    const fromMs = Number(process.hrtime.bigint() / 1_000_000n)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000)
    const lastMs = Number(process.hrtime.bigint() / 1_000_000n)
    const blocked = signs().length
    await waitUntil(() => signs().length > blocked, { what: 'signs of life again' })
    // One may have been on its way.
    expect(signs().filter(({ atMs }) => atMs > fromMs + 1000 && atMs < lastMs)).toEqual([])
    manager.stopping()
    await waitUntil(() => told().includes('STOPPING=1'), { what: 'STOPPING' })
    // As long as another goes on giving some.
    const other = await notifySocket()
    const going = new ServiceManager({ env: { ...other.env, WATCHDOG_USEC: '300000' }, onError })
    onTestFinished(() => going.stopping())
    going.ready()
    await waitUntil(() => other.told().filter((what) => what === 'WATCHDOG=1').length >= 4, {
      what: 'the other',
    })
    expect(told().slice(told().indexOf('STOPPING=1'))).not.toContain('WATCHDOG=1')
    expect(onError).not.toHaveBeenCalled()
  })

  it('is told of nothing by a program that it did not start so', async () => {
    const log = join(await temporaryFolder(), 'log')
    const path = await pathWith(`echo "$@" >>${log}`)
    const onError = vi.fn()
    const others = { WATCHDOG_USEC: '1000', WATCHDOG_PID: `${process.pid + 1}` }
    for (const env of [{ PATH: path }, { PATH: path, NOTIFY_SOCKET: '' }]) {
      const manager = new ServiceManager({ env, onError })
      manager.ready()
      manager.stopping()
    }
    const manager = new ServiceManager({
      env: { PATH: path, NOTIFY_SOCKET: '/run/notify', ...others },
      onError,
    })
    manager.ready()
    await waitUntil(() => existsSync(log), { what: 'the one that is told' })
    manager.stopping()
    await waitUntil(async () => (await readFile(log, 'utf8')).includes('STOPPING'), { what: 'its end' })
    expect(await readFile(log, 'utf8')).toBe('READY=1 STATUS=ready\nSTOPPING=1 STATUS=stopping\n')
    expect(onError).not.toHaveBeenCalled()
  })
})

describe('systemd that cannot be told', () => {
  it('is said once, and the node goes on', async () => {
    const node = await startNode({ env: { NOTIFY_SOCKET: '/nowhere', PATH: '/nowhere' } })
    onTestFinished(() => node.remove())
    const said = () => node.output().split('systemd was not told').length - 1
    await waitUntil(() => said() === 1, { what: 'the warning' })
    const { code, stdout } = await stopNode(node)
    expect(code).toBe(0)
    expect(stdout).toContain('systemd was not told "READY=1" by systemd-notify: spawn systemd-notify ENOENT')
    expect(said()).toBe(1)
  })

  it('is said again if it could be told between', async () => {
    const folder = await temporaryFolder()
    const [broken, log] = [join(folder, 'broken'), join(folder, 'log')]
    const path = await pathWith(`echo told >>${log}; test ! -e ${broken}`)
    const errors: Error[] = []
    const manager = new ServiceManager({
      env: { PATH: `${path}:${process.env.PATH}`, NOTIFY_SOCKET: '/nowhere', WATCHDOG_USEC: '150000' },
      onError: (error) => errors.push(error),
    })
    onTestFinished(() => manager.stopping())
    const attempts = async () => (await readFile(log, 'utf8').catch(() => '')).split('told').length - 1
    const further = async (count: number) => {
      const before = await attempts()
      // The last has answered when another is made.
      await waitUntil(async () => (await attempts()) > before + count, { what: 'further attempts' })
    }
    await writeFile(broken, '')
    manager.ready()
    await waitUntil(() => errors.length === 1, { what: 'the first failure' })
    await further(2)
    expect(errors).toHaveLength(1)
    await rm(broken)
    await further(2)
    await writeFile(broken, '')
    await waitUntil(() => errors.length === 2, { what: 'the next' })
    await further(2)
    expect(errors).toHaveLength(2)
  })

  it('is given up after a while', async () => {
    const pid = join(await temporaryFolder(), 'pid')
    const path = await pathWith(`echo $$ >${pid}.new; mv ${pid}.new ${pid}; exec sleep 600`)
    const errors: Error[] = []
    const manager = new ServiceManager({
      env: { PATH: `${path}:${process.env.PATH}`, NOTIFY_SOCKET: '/nowhere' },
      onError: (error) => errors.push(error),
      timeoutMs: 2000,
    })
    manager.ready()
    await waitUntil(() => errors.length > 0, { what: 'the end of it' })
    expect(errors[0]?.message).toContain('it took longer than 2000 ms')
    const hung = (await readFile(pid, 'utf8')).trim()
    expect(() => execFileSync('kill', ['-0', hung], { stdio: 'pipe' })).toThrow(/No such process/)
  })
})
