import { once } from 'node:events'
import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client'
import superjson from 'superjson'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import type { AppRouter } from '../src/index.ts'
import { apiOf } from './fixtures/api.ts'
import { logIn } from './fixtures/http-call.ts'
import { openServer } from './fixtures/open-server.ts'
import { callOf, connectWebSocket, upgradeStatus } from './fixtures/web-socket.ts'

afterEach(() => vi.useRealTimers())

async function open(options: Parameters<typeof openServer>[0] = {}) {
  const opened = await openServer({ http: {}, ...options })
  const api = apiOf(opened.path)
  const { secret: token } = await api.admin.keys.create.mutate({ name: 'a', scopes: ['read', 'send'] })
  return { ...opened, api, url: opened.server.url ?? '', token }
}

function login(token: string) {
  return { method: 'connectionParams', data: { authorization: `Bearer ${token}` } }
}

function publishing(bytes: number) {
  return callOf(
    1,
    'service.messages.publish',
    { topic: 'prices', messages: [{ text: 'x'.repeat(bytes) }] },
    'mutation',
  )
}

test('pages of the server itself and of named origins open WebSockets, those of others do not', async () => {
  const { url } = await open({ http: { corsOrigins: ['https://app.example'] } })
  const { port } = new URL(url)
  for (const origin of ['https://app.example', url, `http://localhost:${port}`]) {
    expect(await upgradeStatus(url, { origin }), origin).toBe(101)
  }
  for (const origin of [
    'https://evil.example',
    'null',
    'http://app.example',
    'https://app.example:8443',
    'https://app.example.evil.example',
    `https://localhost:${port}`,
    'http://localhost',
  ]) {
    expect(await upgradeStatus(url, { origin }), origin).toBe(403)
  }
})

test('with public URLs its own pages are those of these', async () => {
  const { url } = await open({ http: { publicUrls: ['https://node.example'] } })
  expect(await upgradeStatus(url, { origin: 'https://node.example' })).toBe(101)
  expect(await upgradeStatus(url, { origin: 'http://node.example' })).toBe(403)
  expect(await upgradeStatus(url, { origin: url })).toBe(403)
})

test('there are WebSockets at one path', async () => {
  const { url } = await open()
  for (const path of ['/', '/livez', '/trpc/service.ping', '/api/v1/messages', '/nowhere']) {
    expect(await upgradeStatus(url, { path }), path).toBe(404)
  }
})

test('there are so many WebSockets, and room again when one is closed', async () => {
  const { url, token } = await open({ http: { maxWebSockets: 2 } })
  const first = await connectWebSocket(url, { token })
  await connectWebSocket(url, { token })
  expect(await upgradeStatus(url, { token })).toBe(429)
  first.socket.close()
  await waitUntil(async () => (await upgradeStatus(url, { token })) === 101, { what: 'a free place' })
})

test('a session has so many WebSockets, whatever others have', async () => {
  const { url, token, api } = await open({ http: { maxWebSocketsOfSession: 2 } })
  const whoami = async (shown: string) => {
    const socket = await connectWebSocket(url, { isSilent: true })
    socket.send(login(shown))
    socket.send(callOf(1, 'auth.whoami'))
    await Promise.race([socket.answer(1), socket.closed])
    return socket
  }
  const first = await whoami(token)
  await whoami(token)
  const refused = await whoami(token)
  await refused.closed
  expect(refused.messages[0]).toMatchObject({
    id: null,
    error: { json: { data: { meshCode: 'ERR_TOO_MANY_CONNECTIONS', httpStatus: 429 } } },
  })
  const other = await api.admin.keys.create.mutate({ name: 'b', scopes: ['read'] })
  expect((await whoami(other.secret)).messages[0]).toHaveProperty('result')
  first.socket.close()
  await waitUntil(async () => (await whoami(token)).messages[0]?.result !== undefined, {
    what: 'a free place',
  })
})

test('who does not log in loses the WebSocket after ten seconds, who does keeps it', async () => {
  const { url, token } = await open()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const silent = await connectWebSocket(url, { isSilent: true })
  const stranger = await connectWebSocket(url)
  const wrong = await connectWebSocket(url, { token: 'made-up' })
  const known = await connectWebSocket(url, { token })
  const later = await connectWebSocket(url, { isSilent: true })
  later.send(login(token))
  const pong = once(later.socket, 'message')
  later.socket.send('PING')
  await pong
  vi.advanceTimersByTime(9_999)
  for (const { socket } of [silent, stranger, wrong]) expect(socket.readyState).toBe(socket.OPEN)
  vi.advanceTimersByTime(1)
  for (const { closed } of [silent, stranger, wrong]) {
    expect(await closed).toEqual([1008, 'log in within 10 s'])
  }
  for (const { socket } of [known, later]) {
    const answered = once(socket, 'message')
    socket.send('PING')
    await answered
  }
})

test('who has not logged in sends 64 KiB over a WebSocket, in one message or in many', async () => {
  const { url, token } = await open()
  for (const options of [{}, { isSilent: true }, { token: 'made-up' }]) {
    const large = await connectWebSocket(url, options)
    large.send(publishing(70_000))
    expect((await large.closed)[0]).toBe(1009)
  }
  const many = await connectWebSocket(url)
  for (let count = 0; count < 7; count += 1) many.send(publishing(10_000))
  expect((await many.closed)[0]).toBe(1009)
  const small = await connectWebSocket(url)
  small.send(publishing(60_000))
  expect(await small.answer(1)).toMatchObject({
    error: { json: { data: { meshCode: 'ERR_NOT_LOGGED_IN' } } },
  })
  const known = await connectWebSocket(url, { token })
  known.send(publishing(70_000))
  expect(await known.answer(1)).toHaveProperty('result')
})

test('who logs in may send what is larger in the same breath, before the server knows who it is', async () => {
  const operator = createLocalSigner(generateSeed())
  const { url } = await open({ roles: { operators: [operator.pastelId] } })
  // Of a session: the signature of its token takes longer to verify than a service key to find.
  const { accessToken } = await logIn(url, operator)
  const socket = await connectWebSocket(url, { isSilent: true })
  socket.send(login(accessToken))
  socket.send(publishing(250_000))
  expect(await socket.answer(1)).toHaveProperty('result')
})

const RATE = { perSecond: 0.001, burst: 5 }

test.each<[string, (socket: import('ws').WebSocket) => void]>([
  ['signs of life of tRPC', (socket) => socket.send('PING')],
  ['their answers', (socket) => socket.send('PONG')],
  ['PING frames', (socket) => socket.ping()],
  ['PONG frames', (socket) => socket.pong()],
  ['what is no JSON', (socket) => socket.send('{')],
  ['calls of what there is not', (socket) => socket.send(JSON.stringify(callOf(1, 'no.such.call')))],
  ['stops of what does not run', (socket) => socket.send('{"id":1,"method":"subscription.stop"}')],
])('%s over WebSockets count', async (_, send) => {
  const { url, token } = await open({ callRate: RATE })
  const socket = await connectWebSocket(url, { token })
  for (let count = 0; count < 11; count += 1) send(socket.socket)
  expect(await socket.closed).toEqual([1008, expect.stringMatching(/^too many messages: try again in/)])
  // Those of one session count together; that with which one logs in is free, but good for nothing more.
  const another = await connectWebSocket(url, { token })
  send(another.socket)
  expect((await another.closed)[0]).toBe(1008)
})

test('another rate of calls is one of what comes over WebSockets as well', async () => {
  const { server, url, token } = await open()
  const socket = await connectWebSocket(url, { token })
  for (let count = 0; count < 11; count += 1) socket.socket.send('PING')
  await waitUntil(() => socket.beats() === 11, { what: 'as many answers' })
  server.change({ callRate: RATE })
  for (let count = 0; count < 11; count += 1) socket.socket.send('PING')
  expect((await socket.closed)[0]).toBe(1008)
})

test('what strangers send over WebSockets counts by their address, and keeps nobody there from logging in', async () => {
  const { url, token } = await open()
  const stranger = await connectWebSocket(url)
  for (let count = 0; count < 260; count += 1) stranger.socket.send('PING')
  expect((await stranger.closed)[0]).toBe(1008)
  const known = await connectWebSocket(url, { isSilent: true })
  known.send(login(token))
  known.send(callOf(1, 'auth.whoami'))
  expect(await known.answer(1)).toHaveProperty('result')
})

test('a call with annotations that are refused is answered with its id, and those beside it are made', async () => {
  const { url } = await open()
  const socket = await connectWebSocket(url)
  const wrong = (id: unknown) => ({
    id,
    method: 'mutation',
    params: { path: 'auth.verify', input: { json: { nonce: [] }, meta: { values: { nonce: ['set'] } } } },
  })
  const refused = {
    message: expect.stringContaining('the annotations (meta.values) are wrong'),
    data: { code: 'BAD_REQUEST', httpStatus: 400, path: 'auth.verify' },
  }
  socket.send(wrong(7))
  expect(await socket.answer(7)).toMatchObject({ id: 7, error: { json: refused } })
  socket.send([wrong('a'), callOf(8, 'service.ping'), { id: 9, method: 'nothing' }])
  expect(await socket.answer('a')).toMatchObject({ error: { json: refused } })
  expect(await socket.answer(8)).toHaveProperty('result')
  expect(await socket.answer(9)).toMatchObject({ error: { json: { data: { code: 'PARSE_ERROR' } } } })
  expect(socket.messages.some(({ id }) => id === null)).toBe(false)
  socket.send(wrong({}))
  expect(await socket.answer(null)).toMatchObject({ error: { json: { data: { code: 'PARSE_ERROR' } } } })
})

test('what is annotated as it may be comes to the procedure as it was', async () => {
  const { url, token, node } = await open()
  await node.publish('prices', { text: 'a' })
  const client = createWSClient({
    url: `${url.replace('http', 'ws')}/trpc`,
    connectionParams: { authorization: `Bearer ${token}` },
  })
  onTestFinished(() => client.close())
  const api = createTRPCClient<AppRouter>({ links: [wsLink({ client, transformer: superjson })] })
  const list = (since: number | string) => api.service.messages.list.query({ since, topic: undefined })
  expect((await list(0)).messages).toHaveLength(1)
  expect((await list('2100-01-01')).messages).toEqual([])
})

test('a batch of more than twenty calls is refused call by call, a monstrous one with the WebSocket', async () => {
  const { url } = await open()
  const socket = await connectWebSocket(url)
  socket.send(Array.from({ length: 21 }, (_, id) => callOf(id, 'service.ping')))
  for (let id = 0; id < 21; id += 1) {
    expect(await socket.answer(id)).toMatchObject({ error: { json: { data: { code: 'BAD_REQUEST' } } } })
  }
  socket.send(Array(1_001).fill({ id: 1 }))
  expect((await socket.closed)[0]).toBe(1008)
  expect(socket.messages).toHaveLength(21)
})

test('a WebSocket whose other end gives no sign of life is closed, one that does is kept', async () => {
  const { url, token } = await open()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const deaf = await connectWebSocket(url, { token })
  const alive = await connectWebSocket(url, { token })
  const beats = [deaf, alive].map(({ socket }) => once(socket, 'message'))
  vi.advanceTimersByTime(10_000)
  await Promise.all(beats)
  expect([deaf.beats(), alive.beats()]).toEqual([1, 1])
  alive.socket.send('PONG')
  // What is answered after it shows that the server has it.
  const answered = once(alive.socket, 'message')
  alive.send(callOf(1, 'service.ping'))
  await answered
  vi.advanceTimersByTime(60_000)
  expect((await deaf.closed)[0]).toBe(1006)
  expect(alive.socket.readyState).toBe(alive.socket.OPEN)
})

test('a WebSocket whose calls wait for their turn is not taken for dead, and all of them are answered', async () => {
  const { url, token, node } = await open()
  const { promise: letGo, resolve } = Promise.withResolvers<void>()
  const { promise: busy, resolve: isBusy } = Promise.withResolvers<void>()
  const messages = node.messages.bind(node)
  let begun = 0
  node.messages = async function* (options) {
    begun += 1
    if (begun === 8) isBusy()
    await letGo
    yield* messages(options)
  }
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const socket = await connectWebSocket(url, { token })
  socket.send(Array.from({ length: 20 }, (_, id) => callOf(id, 'service.messages.list', {})))
  await busy
  vi.advanceTimersByTime(300_000)
  vi.useRealTimers()
  resolve()
  for (let id = 0; id < 20; id += 1) expect(await socket.answer(id)).toHaveProperty('result')
  expect(socket.socket.readyState).toBe(socket.socket.OPEN)
})
