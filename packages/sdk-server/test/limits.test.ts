import { createTRPCClient, createWSClient, httpBatchLink, wsLink } from '@trpc/client'
import superjson from 'superjson'
import { expect, onTestFinished, test } from 'vitest'
import { CallLimits } from '../src/auth/call-limits.ts'
import type { AppRouter } from '../src/index.ts'
import { callerAddress } from '../src/transport/caller-address.ts'
import { apiOf } from './fixtures/api.ts'
import { get, post } from './fixtures/http-call.ts'
import { openServer } from './fixtures/open-server.ts'

const SLOW = { perSecond: 0.001, burst: 5 }

async function open(options: Parameters<typeof openServer>[0] = {}) {
  const opened = await openServer({ http: {}, ...options })
  return { ...opened, url: opened.server.url ?? '', api: apiOf(opened.path) }
}

function nested(levels: number): string {
  return `${'['.repeat(levels)}${']'.repeat(levels)}`
}

test('each call of a batch counts, and what is too much is told when to come again', async () => {
  const { url, api } = await open({ callRate: SLOW })
  const { secret } = await api.admin.keys.create.mutate({ name: 'a', scopes: ['read'] })
  const paths = Array(4).fill('auth.whoami').join(',')
  const batch = () =>
    fetch(`${url}/trpc/${paths}?batch=1`, { headers: { authorization: `Bearer ${secret}` } })
  expect((await batch()).status).toBe(200)
  const mixed = await batch()
  const answers = (await mixed.json()) as { error?: { json: { data: object } } }[]
  expect(mixed.status).toBe(207)
  expect(answers.map(({ error }) => error?.json.data)).toEqual([
    undefined,
    ...Array(3).fill({
      code: 'TOO_MANY_REQUESTS',
      httpStatus: 429,
      path: 'auth.whoami',
      meshCode: 'ERR_RATE_LIMIT',
      retryAfterMs: expect.any(Number),
    }),
  ])
  // Others have theirs, and the operator on the machine has no limit.
  const other = await api.admin.keys.create.mutate({ name: 'b', scopes: ['read'] })
  expect((await get(url, 'auth.whoami', other.secret)).status).toBe(200)
  for (let count = 0; count < 10; count += 1) await api.service.ping.query()
})

test('calls over a WebSocket count the same', async () => {
  const { url, api } = await open({ callRate: SLOW })
  const { secret } = await api.admin.keys.create.mutate({ name: 'a', scopes: ['read'] })
  const client = createWSClient({
    url: `${url.replace('http', 'ws')}/trpc`,
    connectionParams: { authorization: `Bearer ${secret}` },
  })
  onTestFinished(() => client.close())
  const socket = createTRPCClient<AppRouter>({ links: [wsLink({ client, transformer: superjson })] })
  for (let count = 0; count < 5; count += 1) await socket.auth.whoami.query()
  await expect(socket.auth.whoami.query()).rejects.toMatchObject({ data: { meshCode: 'ERR_RATE_LIMIT' } })
})

test('without a session the address counts, whatever token is shown', async () => {
  const { url } = await open()
  const path = Array(20).fill('auth.whoami').join(',')
  const codes = []
  // In batches: on a slow machine each call alone would take as long as the next needs to be allowed.
  for (let count = 0; count < 10; count += 1) {
    const headers = { authorization: `Bearer made-up-${count}` }
    const answer = await fetch(`${url}/trpc/${path}?batch=1`, { headers })
    const calls = (await answer.json()) as { error: { json: { data: { meshCode: string } } } }[]
    codes.push(...calls.map(({ error }) => error.json.data.meshCode))
  }
  expect(codes.slice(0, 100)).toEqual(Array(100).fill('ERR_TOKEN'))
  expect(codes).toContain('ERR_RATE_LIMIT')
})

test('a network of IPv6 counts as one caller, and an IPv4 address as itself', () => {
  expect(callerAddress('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64')
  expect(callerAddress('2001:DB8:1:2::1')).toBe('2001:db8:1:2::/64')
  expect(callerAddress('2001:db8::1')).toBe('2001:db8:0:0::/64')
  expect(callerAddress('fe80::1%eth0')).toBe('fe80:0:0:0::/64')
  expect(callerAddress('::ffff:192.0.2.1')).toBe('192.0.2.1')
  expect(callerAddress('192.0.2.1')).toBe('192.0.2.1')
  const limits = new CallLimits()
  const [first, second] = ['2001:db8::1', '2001:db8::2'].map(callerAddress)
  for (let count = 0; count < 100; count += 1) limits.take(undefined, first ?? '')
  expect(() => limits.take(undefined, second ?? '')).toThrow(
    expect.objectContaining({ code: 'ERR_RATE_LIMIT' }),
  )
})

test('JSON that is too deep is refused before anything parses it: in a body, in an address, over a WebSocket', async () => {
  const { url, api } = await open()
  // Without a login nothing of that length is looked at.
  const { secret } = await api.admin.keys.create.mutate({ name: 'a', scopes: ['read'] })
  const headers = { 'content-type': 'application/json' }
  const send = (body: string, login = {}) =>
    fetch(`${url}/trpc/service.messages.publish`, { method: 'POST', headers: { ...headers, ...login }, body })
  const ask = (input: string) => fetch(`${url}/trpc/service.messages.list?input=${encodeURIComponent(input)}`)
  for (const answer of [
    await send(nested(33)),
    await send(nested(100_000), { authorization: `Bearer ${secret}` }),
    await ask(nested(33)),
  ]) {
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({
      error: { json: { data: { code: 'BAD_REQUEST', httpStatus: 400, meshCode: 'ERR_TOO_DEEP' } } },
    })
  }
  // Not too deep, so it gets to where a session is asked for.
  for (const answer of [
    await send(nested(32)),
    await ask(nested(32)),
    await send(JSON.stringify('['.repeat(99))),
  ]) {
    expect(answer.status).toBe(401)
  }
  const socket = new WebSocket(`${url.replace('http', 'ws')}/trpc`)
  onTestFinished(() => socket.close())
  await new Promise((resolve) => socket.addEventListener('open', resolve))
  const answer = new Promise<string>((resolve) =>
    socket.addEventListener('message', ({ data }) => resolve(String(data))),
  )
  socket.send(nested(33))
  expect(await answer).toContain('the JSON of the request is too deep')
})

test('a batch of more than twenty calls is refused as a whole', async () => {
  const { url } = await open()
  const ping = (count: number) => fetch(`${url}/trpc/${Array(count).fill('service.ping').join(',')}?batch=1`)
  expect((await ping(20)).status).toBe(200)
  const refused = await ping(21)
  expect(refused.status).toBe(400)
  expect(JSON.stringify(await refused.json())).toContain('BAD_REQUEST')
  const api = createTRPCClient<AppRouter>({
    links: [httpBatchLink({ url: `${url}/trpc`, transformer: superjson })],
  })
  const calls = await Promise.allSettled(Array.from({ length: 21 }, () => api.service.ping.query()))
  expect(calls.map(({ status }) => status)).toEqual(Array(21).fill('rejected'))
})

test('what is refused before it gets to a procedure has the shape of every error', async () => {
  const { url } = await open()
  const text = 'x'.repeat(9 * 1024 * 1024)
  const large = await post(url, 'service.messages.publish', { topic: 't', messages: [{ text }] })
  expect([large.status, large.error?.data]).toEqual([
    413,
    { code: 'PAYLOAD_TOO_LARGE', httpStatus: 413, meshCode: 'ERR_TOO_LARGE' },
  ])
  const form = await fetch(`${url}/trpc/auth.logout`, { method: 'POST', body: new FormData() })
  expect(form.status).toBe(415)
  expect(await form.json()).toMatchObject({ error: { json: { data: { meshCode: 'ERR_CONTENT_TYPE' } } } })
})
