import { connect, type Socket } from 'node:net'
import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client'
import superjson from 'superjson'
import { expect, onTestFinished, test } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import type { AppRouter, RequestEvent } from '../src/index.ts'
import { apiOf } from './fixtures/api.ts'
import { get, logIn, post } from './fixtures/http-call.ts'
import { openServer } from './fixtures/open-server.ts'

const operator = createLocalSigner(generateSeed())

async function open() {
  const opened = await openServer({ http: {}, roles: { operators: [operator.pastelId] } })
  /** Waits for the events of so many requests more. */
  const next = async (count = 1): Promise<RequestEvent[]> => {
    await waitUntil(() => opened.requests.length >= count, { what: `${count} requests to be told of` })
    return opened.requests.splice(0)
  }
  return { ...opened, url: opened.server.url ?? '', next }
}

/** Writes bytes as they are. */
function writeRaw(url: string, text: string): Socket {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.resume()
  socket.on('error', () => {})
  socket.write(text)
  return socket
}

test('each request is told of when it has ended: method, path, procedures, status, who and from where', async () => {
  const { url, next, path } = await open()
  await fetch(`${url}/trpc/service.ping,service.ping?batch=1`)
  expect(await next()).toEqual([
    {
      method: 'GET',
      path: '/trpc',
      procedures: ['service.ping', 'service.ping'],
      status: 200,
      tookMs: expect.any(Number),
      address: '127.0.0.1',
    },
  ])
  const { accessToken } = await logIn(url, operator)
  expect((await next(2)).map(({ procedures, status }) => [...procedures, status])).toEqual([
    ['auth.challenge', 200],
    ['auth.verify', 200],
  ])
  await post(url, 'admin.setRelay', { on: true }, accessToken)
  expect(await next()).toMatchObject([
    {
      procedures: ['admin.setRelay'],
      status: 200,
      kind: 'pastelid',
      subject: operator.pastelId,
      session: expect.stringMatching(/^[0-9a-f]{16}$/),
    },
  ])
  await post(url, 'admin.shutdown', {}, accessToken)
  expect(await next()).toMatchObject([{ procedures: ['admin.shutdown'], status: 403 }])
  await get(url, 'admin.status', 'made-up')
  const [refused] = await next()
  expect(refused).toMatchObject({ procedures: ['admin.status'], status: 401, refused: 'ERR_TOKEN' })
  expect(refused).not.toHaveProperty('subject')

  const { id, secret } = await apiOf(path).admin.keys.create.mutate({ name: 'shop', scopes: ['read'] })
  await fetch(`${url}/api/v1/messages?topic=prices`, { headers: { authorization: `Bearer ${secret}` } })
  expect(await next()).toMatchObject([
    { method: 'GET', path: '/api/v1/messages', procedures: [], status: 200, kind: 'key', subject: id },
  ])
})

test('what gets to no procedure is told of as well: another host, no such path, one that cannot be read, a caller that hangs up', async () => {
  const { url, next } = await open()
  await fetch(`${url}/no/such/path`)
  expect(await next()).toMatchObject([{ path: '/no/such/path', status: 404 }])
  await fetch(`${url}/trpc/no.such,${'x'.repeat(3_000)}?batch=1`)
  expect(await next()).toMatchObject([{ path: '/trpc', procedures: ['?', '?'] }])
  writeRaw(url, 'GET /trpc/service.ping HTTP/1.1\r\nhost: evil.example\r\n\r\n')
  expect(await next()).toMatchObject([{ procedures: ['service.ping'], status: 421 }])
  writeRaw(url, 'GET /%%% HTTP/1.1\r\nhost: localhost\r\n\r\n')
  expect(await next()).toMatchObject([{ path: '/%%%', status: 400 }])
  await fetch(`${url}/${'y'.repeat(4_000)}`)
  const [long] = await next()
  expect([long?.path.length, long?.status]).toEqual([200, 404])

  const waiting = 'POST /trpc/auth.challenge HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n'
  const socket = writeRaw(url, `${waiting}content-type: application/json\r\n\r\n{`)
  socket.write('"', () => socket.destroy())
  expect(await next()).toMatchObject([{ procedures: ['auth.challenge'], status: 499 }])
})

test('calls over a WebSocket are told of one by one, and the connection at its end', async () => {
  const { url, next } = await open()
  const { accessToken } = await logIn(url, operator)
  await next(2)
  const client = createWSClient({
    url: `${url.replace('http', 'ws')}/trpc`,
    connectionParams: { authorization: `Bearer ${accessToken}` },
  })
  const api = createTRPCClient<AppRouter>({ links: [wsLink({ client, transformer: superjson })] })
  await api.auth.whoami.query()
  await expect(api.admin.shutdown.mutate()).rejects.toThrow()
  const who = { kind: 'pastelid', subject: operator.pastelId, address: '127.0.0.1' }
  expect(await next(2)).toMatchObject([
    { method: 'WS', path: '/trpc', procedures: ['auth.whoami'], status: 200, ...who },
    { method: 'WS', path: '/trpc', procedures: ['admin.shutdown'], status: 403, ...who },
  ])
  await client.close()
  expect(await next()).toMatchObject([{ method: 'GET', path: '/trpc', status: 101, ...who }])
})

test('nothing of what callers send is told beside the path, and of a path nothing that is secret', async () => {
  const { url, path, requests, next } = await open()
  const { secret } = await apiOf(path).admin.keys.create.mutate({ name: 'shop', scopes: ['read', 'send'] })
  const login = await logIn(url, operator)
  const secrets = [secret, login.accessToken, login.refreshToken, 'not-to-be-seen']
  const told = async (count: number) => JSON.stringify(await next(count))
  const texts = [await told(2)]
  for (const one of secrets) {
    await fetch(`${url}/trpc/service.ping?input=${one}&token=${one}`, {
      headers: { authorization: `Bearer ${one}`, cookie: `session=${one}`, 'x-token': one, referer: one },
    })
    await post(url, 'auth.refresh', { refreshToken: one }, one)
    await fetch(`${url}/trpc/${one}`)
    await fetch(`${url}/api/v1/messages?token=${one}`)
    texts.push(await told(4))
  }
  for (const one of secrets.slice(0, 3)) {
    await fetch(`${url}/${one}`)
    await fetch(`${url}/api/v1/${encodeURIComponent(one).replaceAll('_', '%5f').replaceAll('.', '%2e')}`)
    texts.push(await told(2))
  }
  await post(
    url,
    'service.messages.publish',
    { topic: 'prices', messages: [{ text: 'not-to-be-seen' }] },
    secret,
  )
  writeRaw(url, 'GET /a%0d%0ainjected: line HTTP/1.1\r\nhost: localhost\r\n\r\n')
  texts.push(await told(1))
  const all = texts.join('\n')
  expect(all).toContain('(secret)')
  for (const one of [...secrets, ...secrets.map((text) => text.slice(-24))]) expect(all).not.toContain(one)
  expect(requests.every((event) => !JSON.stringify(event).includes('not-to-be-seen'))).toBe(true)
})
