import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
// What the checks load: it takes longer than they do.
import '@pastel-mesh/sdk-server'
import type { CheckContext, Finding } from '../src/doctor/check.ts'
import { filesCheck } from '../src/doctor/files-check.ts'
import { listeningSockets } from '../src/doctor/listening-sockets.ts'
import { lockCheck } from '../src/doctor/lock-check.ts'
import { memoryCheck } from '../src/doctor/memory-check.ts'
import { placeFinding, portsCheck } from '../src/doctor/ports-check.ts'
import { callerFinding } from '../src/doctor/proxy-caller.ts'
import { proxyCheck } from '../src/doctor/proxy-check.ts'
import { pathsFinding } from '../src/doctor/proxy-paths.ts'
import { found } from './fixtures/doctor.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** A node that answered, and said so of itself. */
function answered(status: object): CheckContext['node'] {
  return { kind: 'running', status, keys: undefined } as never
}

describe('what is for the machine alone', () => {
  const at = (port: number, ms = 60_000) => pathsFinding(`http://127.0.0.1:${port}`, AbortSignal.timeout(ms))
  const of = async (answer: RequestListener, ms?: number) => {
    const server = createServer(answer)
    onTestFinished(() => server.closeAllConnections())
    return at(await portOf(server), ms)
  }

  it('is not called kept where nobody answers', async () => {
    const server = createServer()
    const port = await portOf(server)
    await new Promise((resolve) => server.close(resolve))
    expect(await at(port)).toMatchObject({
      state: 'not-checked',
      message: expect.stringMatching(/^of \/metrics it is not known: nothing listens there .*of \/readyz /),
      measured: { '/metrics': 0, '/readyz': 0 },
    })
  })

  it.each([429, 500, 502, 503, 504])('nor where the proxy answers %i', async (status) => {
    const finding = await of((_, response) => response.writeHead(status).end())
    expect(finding).toMatchObject({
      state: 'not-checked',
      message: `of /metrics it is not known: HTTP ${status}; of /readyz it is not known: HTTP ${status}`,
    })
  })

  it('nor where an answer does not come, or does not come to its end', async () => {
    const silent = await of(() => {}, 500)
    expect(silent).toMatchObject({
      state: 'not-checked',
      message: expect.stringContaining('of /readyz it is not known: no answer in time (HTTP)'),
    })
    const begun = await of((_, response) => response.writeHead(200).write('<html>'), 500)
    expect(begun).toMatchObject({
      state: 'not-checked',
      message: expect.stringContaining('of /readyz it is not known: no answer in time'),
    })
  })

  it.each([401, 403, 404, 421, 200, 302])('is kept where the proxy answers %i', async (status) => {
    const finding = await of((_, response) => response.writeHead(status).end('<html>'))
    expect(finding).toMatchObject({
      state: 'ok',
      message: `what is for this machine alone is kept: /metrics ${status}, /readyz ${status}`,
    })
  })

  it('is told of each: what is shown, what is kept and what is not known', async () => {
    const shown = await of(({ url }, response) =>
      url === '/metrics' ? response.end('# HELP pmesh_up\n') : response.writeHead(429).end(),
    )
    expect(shown).toMatchObject({
      state: 'failed',
      message: 'everybody can read the metrics (/metrics); of /readyz it is not known: HTTP 429',
    })
    const kept = await of(({ url }, response) => response.writeHead(url === '/metrics' ? 404 : 429).end())
    expect(kept).toMatchObject({
      state: 'not-checked',
      message: 'what is for this machine alone is kept: /metrics 404; of /readyz it is not known: HTTP 429',
    })
    // A node that is not ready says so with 503.
    const unready = await of((_, response) => response.writeHead(503).end('{"ready":false}'))
    expect(unready).toMatchObject({ state: 'warning' })
  })
})

describe('who calls', () => {
  const seen = (address: string, localAddress: string, proxies: readonly string[]) =>
    callerFinding(
      {
        kind: 'read',
        status: 200,
        headers: {},
        pulses: [{ address, of: 1, afterMs: 0, cameMs: 0 }] as never,
        error: undefined,
        localAddress,
      },
      proxies,
    )

  it.each<[string, string, readonly string[]]>([
    ['127.0.0.1', '127.0.0.1', ['127.0.0.1']],
    ['127.0.0.1', '::ffff:127.0.0.1', []],
    ['0:0:0:0::/64', '::1', ['127.0.0.1', '::1']],
    ['0:0:0:0::/64', '::1', []],
    ['192.0.2.7', '192.0.2.7', ['192.0.2.0/24']],
  ])('does not show as %s from %s, the address of the proxy', async (address, localAddress, proxies) => {
    expect(await seen(address, localAddress, proxies)).toMatchObject({
      state: 'not-checked',
      message: expect.stringMatching(/^this machine calls from \S+, as a proxy on it does: /),
    })
  })

  it.each<[string, string, readonly string[], Finding['state']]>([
    ['127.0.0.2', '127.0.0.2', ['127.0.0.1'], 'ok'],
    ['192.0.2.7', '192.0.2.7', ['127.0.0.1'], 'ok'],
    ['127.0.0.1', '127.0.0.2', ['127.0.0.1'], 'warning'],
    ['127.0.0.1', '::1', ['127.0.0.1', '::1'], 'warning'],
  ])('shows as %s from %s, with %o', async (address, localAddress, proxies, state) => {
    expect(await seen(address, localAddress, proxies)).toMatchObject({ state })
  })
})

it.each([
  ['127.0.0.1', '127.0.0.2'],
  // As installers of Debian write it down for the name of the machine.
  ['127.0.1.1', '127.0.0.2'],
  ['[::1]', '::1'],
])('a proxy at %s is asked from %s', async (host, address) => {
  const callers: (string | undefined)[] = []
  const server = createServer(({ socket }, response) => {
    callers.push(socket.remoteAddress?.replace('::ffff:', ''))
    response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
  onTestFinished(() => void server.close())
  const flags = { 'api.urls': [`http://${host}:${(server.address() as AddressInfo).port}`] }
  await found(proxyCheck, await temporaryFolder(), { flags })
  expect(callers).toEqual([address])
})

it('a port that a process of another user has is the node only if the node says so', async () => {
  const port = await portOf(createTcpServer())
  const taken = (await listeningSockets()) ?? []
  const place = {
    key: 'listen',
    flag: '--listen',
    text: `127.0.0.1:${port}`,
    host: '127.0.0.1',
    port,
  } as const
  // Of other users nobody but root sees who has a socket.
  const of = (addresses: readonly string[], isAnnounced = false) =>
    placeFinding(place, {
      node: answered({ pid: process.pid, addresses }),
      taken,
      holders: new Map(),
      isTold: true,
      isAnnounced,
    })
  expect(await of([])).toMatchObject({
    state: 'not-checked',
    message: 'a process of another user listens there (listen): run it as the user of the node, or as root',
  })
  const itself = `/ip4/127.0.0.1/tcp/${port}`
  expect(await of([itself])).toMatchObject({ state: 'ok' })
  expect(await of([itself], true)).toMatchObject({ state: 'not-checked' })
  expect(await of([`/ip4/127.0.0.1/tcp/${port + 1}`])).toMatchObject({ state: 'not-checked' })
})

const missing =
  spawnSync('unshare', ['--pid', '--fork', 'true']).status === 0
    ? undefined
    : 'Tests with process namespaces are skipped: that takes root, and unshare of util-linux.'
if (missing !== undefined) console.warn(missing)

it.skipIf(missing !== undefined)(
  'a node in another process namespace is not looked at by its number',
  async () => {
    const dataDir = await temporaryFolder()
    await mkdir(join(dataDir, 'db'))
    // As the database does it.
    const program = `
import fcntl, sys
file = open(sys.argv[1], 'w')
fcntl.lockf(file, fcntl.LOCK_EX)
print('locked', flush=True)
sys.stdin.read()`
    const holder = spawn('unshare', [
      ...['--pid', '--fork', '--kill-child', '/usr/bin/python3', '-c', program],
      join(dataDir, 'db', 'LOCK'),
    ])
    onTestFinished(() => void holder.kill('SIGKILL'))
    await once(holder.stdout, 'data')
    const of = async (pid: number) => {
      const node = answered({ pid, addresses: [], api: { urls: [] } })
      const checks = [lockCheck, filesCheck, memoryCheck, portsCheck]
      const flags = { listen: ['/ip4/127.0.0.1/tcp/7124'], 'api.listen': 'off', 'metrics.listen': 'off' }
      return (await Promise.all(checks.map((check) => found(check, dataDir, { node, flags })))).flat()
    }
    const message = 'it runs in another process namespace, such as a container'
    const elsewhere = { state: 'not-checked', message }
    expect(await of(1)).toMatchObject([elsewhere, elsewhere, elsewhere, elsewhere])
    // One that has another number in its namespace is not the one that answered.
    const [database, files] = await of(process.pid)
    expect(database).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('is no node that answers on the socket of this folder'),
    })
    expect(files?.message).not.toBe(message)
  },
)
