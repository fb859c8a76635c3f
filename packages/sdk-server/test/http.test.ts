import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { createTRPCClient, createWSClient, httpBatchLink, wsLink } from '@trpc/client'
import superjson from 'superjson'
import { expect, onTestFinished, test } from 'vitest'
import type { AppRouter } from '../src/index.ts'
import { logIn, statusAs } from './fixtures/http-call.ts'
import { openServer } from './fixtures/open-server.ts'
import { upgradeStatus } from './fixtures/web-socket.ts'

async function listening(http = {}): Promise<string> {
  const { server } = await openServer({ http })
  return server.url ?? ''
}

function post(url: string, path: string, headers: Record<string, string>, body: string): Promise<Response> {
  return fetch(`${url}/trpc/${path}`, { method: 'POST', headers, body })
}

test('anyone who reaches it may ask whether it answers; several calls share a request', async () => {
  const url = await listening()
  const api = createTRPCClient<AppRouter>({
    links: [httpBatchLink({ url: `${url}/trpc`, transformer: superjson })],
  })
  const before = Date.now()
  const answers = await Promise.all([api.service.ping.query(), api.service.ping.query()])
  for (const { time } of answers) expect(time.getTime()).toBeGreaterThanOrEqual(before)
})

test('a WebSocket carries the same calls', async () => {
  const url = await listening()
  const client = createWSClient({ url: `${url.replace('http', 'ws')}/trpc` })
  onTestFinished(() => client.close())
  const api = createTRPCClient<AppRouter>({ links: [wsLink({ client, transformer: superjson })] })
  expect((await api.service.ping.query()).time).toBeInstanceOf(Date)
  await expect(api.admin.status.query()).rejects.toMatchObject({ data: { meshCode: 'ERR_NOT_LOGGED_IN' } })
})

test('without a login everything else is refused, also on the loopback', async () => {
  const url = await listening()
  const answer = await fetch(`${url}/trpc/admin.status`)
  expect(answer.status).toBe(401)
  expect(JSON.stringify(await answer.json())).toContain('ERR_NOT_LOGGED_IN')
})

test('a name that is not its own is refused: a browser that was led here asks for that', async () => {
  const url = await listening({ allowedHosts: ['node.example'] })
  const { port } = new URL(url)
  expect(await statusAs(url, `evil.example:${port}`)).toBe(421)
  expect(await statusAs(url, `evil.example`)).toBe(421)
  expect(await statusAs(url, `localhost.evil.example:${port}`)).toBe(421)
  expect(await statusAs(url, `localhost:${port}`)).toBe(200)
  expect(await statusAs(url, `Node.example`)).toBe(200)
})

test('an IP address is no name that leads here: whoever asks for one is answered', async () => {
  const url = await listening()
  for (const host of ['192.0.2.5:7123', '192.0.2.5', '[2001:db8::1]:7123', '[2001:db8::1]']) {
    expect([host, await statusAs(url, host)]).toEqual([host, 200])
  }
  for (const host of ['192.0.2.5.evil.example', '[evil.example]', '2001:db8::g']) {
    expect([host, await statusAs(url, host)]).toEqual([host, 421])
  }
})

test('the URL at which it says that it listens is one for calls, logins and its own pages', async () => {
  const admin = createLocalSigner(generateSeed())
  const { server } = await openServer({
    http: { host: '127.0.0.2' },
    roles: { admins: [admin.pastelId] },
  })
  const { url = '' } = server
  expect(url).toMatch(/^http:\/\/127\.0\.0\.2:\d+$/)
  expect((await fetch(`${url}/trpc/service.ping`)).status).toBe(200)
  expect((await logIn(url, admin)).session).toMatchObject({ subject: admin.pastelId })
  expect(await upgradeStatus(url, { origin: url })).toBe(101)
})

test('forms and files of pages are refused: only JSON is taken', async () => {
  const url = await listening()
  for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain']) {
    const answer = await post(url, 'admin.setRelay', { 'content-type': type }, '{"json":{"on":true}}')
    expect(answer.status, type).toBe(415)
  }
})

test('a body that is too large is refused in the shape of every error', async () => {
  const url = await listening()
  const body = JSON.stringify({ json: { topic: 't', messages: [{ text: 'x'.repeat(9 * 1024 * 1024) }] } })
  const answer = await post(url, 'service.messages.publish', { 'content-type': 'application/json' }, body)
  expect(answer.status).toBe(413)
})

test('an answer is in one piece, and tells browsers what they may make of it; so does a refusal', async () => {
  const url = await listening()
  const [answer, refusal] = [await fetch(`${url}/trpc/service.ping`), await fetch(`${url}/trpc/admin.status`)]
  const refused = await post(url, 'service.ping', { 'content-type': 'text/plain' }, 'x')
  for (const { headers, status } of [answer, refusal, refused]) {
    expect(headers.get('content-length'), String(status)).toMatch(/^[1-9]\d*$/)
    expect(headers.get('transfer-encoding')).toBeNull()
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toContain("script-src 'self'")
    // Whether there is TLS, whoever is before it says: on an address without, links would lead nowhere.
    expect(headers.get('content-security-policy')).not.toContain('upgrade-insecure-requests')
    expect(headers.get('strict-transport-security')).toBeNull()
  }
  expect([answer.status, refusal.status, refused.status]).toEqual([200, 401, 415])
})

test.each([
  ['GET', 'service.ping?input={', 200],
  ['GET', 'service.ping?input=%7B%7D&input=%7B%7D', 200],
  ['GET', 'service.ping?batch=1&input=%5B%5D', 200],
  ['GET', 'service.nothing', 404],
  ['GET', 'service.ping,service.nothing?batch=1', 207],
  ['POST', 'service.ping', 405],
  ['GET', 'auth.refresh', 405],
  ['HEAD', 'service.ping', 204],
])('what is no call as clients make it is answered, too: %s %s', async (method, path, status) => {
  const url = await listening()
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${url}/trpc/${path}`, {
    method,
    ...(method === 'POST' ? { headers, body: '{}' } : {}),
  })
  expect(answer.status).toBe(status)
  if (status === 204) return
  const text = await answer.text()
  expect(text).toMatch(/"(result|error)":/)
  expect(text).not.toContain('node_modules')
})

test('a port that is taken is said', async () => {
  const url = await listening()
  await expect(openServer({ http: { port: Number(new URL(url).port) } })).rejects.toMatchObject({
    code: 'ERR_API_LISTEN',
  })
})
