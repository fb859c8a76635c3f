import type { RequestListener } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { CheckContext, Finding } from '../src/doctor/check.ts'
import { proxyCheck } from '../src/doctor/proxy-check.ts'
import { type Issued, makeAuthority, missingForCertificates } from './fixtures/authority.ts'
import { createController } from './fixtures/create-controller.ts'
import { found } from './fixtures/doctor.ts'
import { type FrontOptions, startFront } from './fixtures/front.ts'
import { makeFolder, removeFolder, temporaryFolder } from './fixtures/temporary-folder.ts'

let folder = ''
let issued: Issued
if (missingForCertificates !== undefined) console.warn(missingForCertificates)
const it = test.skipIf(missingForCertificates !== undefined)

beforeAll(async () => {
  if (missingForCertificates !== undefined) return
  folder = await makeFolder()
  issued = await (await makeAuthority(folder)).issue('localhost')
})
afterAll(async () => {
  if (folder !== '') await removeFolder(folder)
})

const running = { kind: 'running' } as never as CheckContext['node']
/** As a proxy says it that is set up well. */
const caller: FrontOptions['forwarded'] = ({ socket }) => socket.remoteAddress?.replace('::ffff:', '')

/** What is found of a proxy in front of a node that takes the loopback for one. */
async function foundOf(
  options: FrontOptions,
  proxies: readonly string[] = ['127.0.0.1'],
): Promise<readonly Finding[]> {
  const front = await startFront(issued, options)
  const controller = await createController({
    dataDir: await temporaryFolder(),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    api: { listen: '127.0.0.1:0', urls: [front.url], proxies: [...proxies] },
    metrics: { listen: 'off' },
  })
  await controller.start()
  onTestFinished(() => controller.stop())
  front.leadTo(controller.apiUrl ?? '')
  const flags = { 'api.urls': [front.url], 'api.proxies': [...proxies] }
  return found(proxyCheck, await temporaryFolder(), { flags, node: running })
}

/** What is found of a proxy that never gets to a node. */
async function foundWithout(own: FrontOptions['own'], node = running): Promise<Finding | undefined> {
  const front = await startFront(issued, { own })
  const findings = await found(proxyCheck, await temporaryFolder(), {
    flags: { 'api.urls': [front.url] },
    node,
  })
  return findings[0]
}

it('finds nothing wrong with a proxy that hands everything on', async () => {
  const findings = await foundOf({
    upgrades: true,
    forwarded: caller,
    own: (path) => (path === '/readyz' ? { status: 404 } : undefined),
  })
  expect(findings.map(({ state, message }) => [state, message.split(':')[0]])).toEqual([
    ['ok', 'events come as they are sent'],
    ['ok', 'WebSockets get through'],
    ['ok', 'callers have their own address'],
    ['ok', 'what is for this machine alone is kept'],
  ])
})

it('finds one that buffers, lets no WebSocket through, believes callers, and shows everything', async () => {
  const findings = await foundOf({
    isBuffering: true,
    forwarded: ({ headers }) => String(headers['x-forwarded-for']),
    own: (path) => (path === '/metrics' ? { status: 200, text: '# HELP pmesh_up\n' } : undefined),
  })
  expect(findings).toMatchObject([
    {
      state: 'failed',
      message: expect.stringMatching(
        /^events are kept back: 5 events that were sent over 1\d{3} ms came over \d+ ms, the first after [12]\d{3} ms$/,
      ),
      advice: expect.stringContaining('proxy_buffering off;'),
    },
    {
      state: 'failed',
      message: 'WebSockets do not get through: HTTP 404 instead of 101',
      advice: expect.stringContaining('proxy_set_header Upgrade'),
    },
    {
      state: 'failed',
      message: expect.stringContaining('believed who they claim to be'),
      advice: expect.stringContaining('$remote_addr'),
    },
    {
      state: 'failed',
      message:
        'everybody can read the metrics (/metrics); everybody can see when the node is not ready (/readyz)',
      advice: 'nginx: location = /metrics { return 404; } location = /readyz { return 404; }',
    },
  ])
})

it('finds one that compresses, and so keeps back what is not much', async () => {
  const [events] = await foundOf({ isCompressing: true, forwarded: caller })
  expect(events).toMatchObject({
    state: 'failed',
    message: expect.stringMatching(/^events are kept back: .*, compressed \(gzip\)$/),
    advice: expect.stringContaining('gzip off;'),
  })
})

it('finds one that does not say who calls, and one that the node does not know', async () => {
  const silent = await foundOf({ upgrades: true })
  expect(silent[2]).toMatchObject({
    state: 'warning',
    message: 'all callers count as one, the proxy 127.0.0.1: it does not say who calls',
  })
  const unknown = await foundOf({ upgrades: true, forwarded: caller }, [])
  expect(unknown[2]).toMatchObject({
    state: 'warning',
    message: 'all callers count as one, 127.0.0.1, which is the proxy',
    advice: expect.stringMatching(/^set api\.proxies to 127\.0\.0\.1; /),
  })
})

it.each([
  [{ status: 404 }, 'answers HTTP 404: it does not lead to the API', 'hand on /trpc/ to 127.0.0.1:7123'],
  [
    { status: 502 },
    'answers HTTP 502: the proxy does not reach the node',
    'lead to 127.0.0.1:7123 (api.listen)',
  ],
  [{ status: 403 }, 'answers HTTP 403: the proxy lets nobody in', 'let /trpc/ through'],
  [
    { status: 421 },
    'answers HTTP 421: it does not hand on the name that was asked for',
    'proxy_set_header Host $host;',
  ],
  [
    { status: 301, headers: { location: 'https://elsewhere.example/' } },
    'answers HTTP 301: it sends callers to https://elsewhere.example/',
    'set api.urls',
  ],
  [
    { status: 200, text: '<html>', headers: { 'content-type': 'text/html' } },
    'events do not come: something else than the node answers (text/html)',
    'hand on /trpc/',
  ],
])('says what it means that it answers %o', async (answer, message, advice) => {
  expect(await foundWithout(() => answer)).toMatchObject({
    state: 'failed',
    message,
    advice: expect.stringContaining(advice),
  })
})

it('says what it can while no node runs, and where there is no proxy', async () => {
  expect(await foundWithout(() => ({ status: 502 }), { kind: 'none' })).toMatchObject({
    state: 'not-checked',
    message: 'answers HTTP 502; what it hands on shows when the node runs',
  })
  expect(await found(proxyCheck, await temporaryFolder())).toMatchObject([{ state: 'not-checked' }])
})

it('is held up by none that takes a connection and never answers, gives no event, or is not there', async () => {
  const listening = async (handler: RequestListener) => {
    const server = createServer(issued, handler)
    await new Promise<void>((resolve) => server.listen(0, resolve))
    onTestFinished(() => {
      server.close()
      server.closeAllConnections()
    })
    return server
  }
  const silent = await listening(() => {})
  const empty = await listening((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  })
  const urlOf = (server: Server) => `https://localhost:${(server.address() as AddressInfo).port}`
  const at = async (url: string) =>
    (await found(proxyCheck, await temporaryFolder(), { flags: { 'api.urls': [url] }, node: running }))[0]
  const [unanswered, withoutEvents] = await Promise.all([at(urlOf(silent)), at(urlOf(empty))])
  expect(unanswered).toMatchObject({
    state: 'failed',
    message: 'not reached (HTTP): no answer in time',
    advice: expect.stringContaining('error log'),
  })
  expect(withoutEvents).toMatchObject({ state: 'failed', message: 'events are kept back: none came' })
  const gone = urlOf(silent)
  silent.closeAllConnections()
  await new Promise((resolve) => silent.close(resolve))
  expect(await at(gone)).toMatchObject({
    state: 'failed',
    message: expect.stringMatching(/^not reached \(connection\): nothing listens there/),
  })
})
