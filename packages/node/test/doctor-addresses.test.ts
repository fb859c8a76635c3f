import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { addressesCheck } from '../src/doctor/addresses-check.ts'
import type { CheckContext } from '../src/doctor/check.ts'
import { portsCheck } from '../src/doctor/ports-check.ts'
import { createController } from './fixtures/create-controller.ts'
import { found } from './fixtures/doctor.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** A port that nothing listens on. */
async function freePort(): Promise<number> {
  const server = createServer()
  const port = await portOf(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Accepts, and says nothing. */
const hanging = () => portOf(createServer(() => {}))

const running = {
  kind: 'running',
  status: { bootstrap: [], addresses: [], peers: [{}] },
  keys: undefined,
} as never as CheckContext['node']

it('finds which of the addresses to begin with leads to a node, and why the others do not', async () => {
  const controller = await createController({
    dataDir: await temporaryFolder(),
    listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'],
  })
  await controller.start()
  onTestFinished(() => controller.stop())
  const [plain = '', web = ''] = controller.node.addresses()
  const other = `/ip4/127.0.0.1/tcp/${await portOf(createHttpServer((_, response) => response.end('hello')))}`
  const silent = `/ip4/127.0.0.1/tcp/${await hanging()}`
  const bootstrap = [
    plain,
    web,
    other,
    `${other}/ws`,
    silent,
    `/ip4/127.0.0.1/tcp/${await freePort()}`,
    '/dns4/no-such-host.invalid/tcp/1',
  ]
  const beganMs = performance.now()
  const findings = await found(addressesCheck, await temporaryFolder(), {
    flags: { bootstrap, announce: ['/ip4/192.0.2.1/tcp/1'] },
  })
  const of = (address: string | undefined) => findings.find(({ subject }) => subject === address)
  expect(of(plain)).toMatchObject({
    state: 'ok',
    message: expect.stringMatching(/^bootstrap, answers after /),
  })
  expect(of(web)).toMatchObject({ state: 'ok' })
  expect(of(other)).toMatchObject({ state: 'warning', message: 'bootstrap, what answers is no node' })
  expect(of(`${other}/ws`)).toMatchObject({
    state: 'warning',
    message: 'bootstrap, it answered HTTP 200 instead of opening a WebSocket',
  })
  expect(of(silent)).toMatchObject({
    state: 'warning',
    message: 'bootstrap, not reached (answer): no answer within 4 s',
  })
  expect(of(bootstrap[5])).toMatchObject({
    message: 'bootstrap, not reached (connection): nothing listens there (ECONNREFUSED)',
  })
  expect(of(bootstrap[6])).toMatchObject({
    state: 'failed',
    message: expect.stringMatching(/^bootstrap, its name has no address: /),
    advice: expect.stringContaining('getent hosts no-such-host.invalid'),
  })
  // All of them at once, not one after the other.
  expect(performance.now() - beganMs).toBeLessThan(addressesCheck.timeoutMs)
})

it('finds that what is announced is of no use to others, or leads elsewhere', async () => {
  const dataDir = await temporaryFolder()
  const of = (announce: string[], node?: CheckContext['node']) =>
    found(addressesCheck, dataDir, { flags: { announce }, ...(node === undefined ? {} : { node }) })
  expect((await of(['/ip4/127.0.0.1/tcp/1']))[0]).toMatchObject({
    message: expect.stringContaining('this machine alone'),
  })
  const port = await portOf(createHttpServer((_, response) => response.end('hello')))
  const elsewhere = await of([`/ip4/127.0.0.1/tcp/${port}/ws`], running)
  expect(elsewhere).toContainEqual(
    expect.objectContaining({
      state: 'failed',
      message:
        'announced, and others do not get to the node: it answered HTTP 200 instead of opening a WebSocket',
    }),
  )
  const nothing = await of([`/ip4/127.0.0.1/tcp/${await freePort()}`], running)
  expect(nothing).toContainEqual(
    expect.objectContaining({
      state: 'warning',
      message: 'announced, and not reached from here (connection): nothing listens there (ECONNREFUSED)',
    }),
  )
  expect((await of(['/ip4/10.1.2.3/tcp/0'.replace('/0', '/1')], { ...running }))[0]).toMatchObject({
    state: 'warning',
    message: expect.stringContaining('only private addresses are announced'),
  })
})

it('finds an address that this machine does not have, and one that is another node that runs does not have', async () => {
  const dataDir = await temporaryFolder()
  const port = await freePort()
  const flags = {
    listen: ['/ip4/192.0.2.1/tcp/7124', `/ip4/127.0.0.1/tcp/${port}`],
    'api.listen': 'off',
    'metrics.listen': 'off',
  }
  expect(await found(portsCheck, dataDir, { flags })).toMatchObject([
    {
      state: 'failed',
      message: 'this machine does not have that address (listen)',
      advice: expect.stringContaining('--listen'),
    },
    { state: 'ok', message: 'free (listen)' },
  ])
  const node = {
    kind: 'running',
    status: { pid: process.pid },
    keys: undefined,
  } as never as CheckContext['node']
  const [, absent] = await found(portsCheck, dataDir, { flags, node })
  expect(absent).toMatchObject({
    state: 'failed',
    message: 'the node runs, and does not listen there (listen)',
  })
  const held = await portOf(createServer())
  expect(
    await found(portsCheck, dataDir, { flags: { ...flags, listen: [`/ip4/127.0.0.1/tcp/${held}`] }, node }),
  ).toMatchObject([{ state: 'ok', message: `held by the node, process ${process.pid} (listen)` }])
})
