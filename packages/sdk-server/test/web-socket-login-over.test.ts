import { once } from 'node:events'
import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client'
import superjson from 'superjson'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import type { AppRouter, Login } from '../src/index.ts'
import { apiOf } from './fixtures/api.ts'
import { logIn, post } from './fixtures/http-call.ts'
import { openServer } from './fixtures/open-server.ts'
import { callOf, connectWebSocket, type TestSocket } from './fixtures/web-socket.ts'

const viewer = createLocalSigner(generateSeed())
const RECONNECT = { id: null, method: 'reconnect' }
const OVER = [1008, 'the login of this connection is over: connect again']

afterEach(() => vi.useRealTimers())

async function open(now: () => number) {
  const opened = await openServer({ http: {}, roles: { viewers: [viewer.pastelId] }, now })
  return { ...opened, url: opened.server.url ?? '' }
}

/** Waits for so many messages, without a timer. */
async function received({ socket, messages }: TestSocket, count: number): Promise<void> {
  while (messages.length < count) await once(socket, 'message')
}

test('a WebSocket whose session ends, or whose token expires, is asked to connect again, and closed', async () => {
  let nowMs = Date.now()
  const { url, path } = await open(() => nowMs)
  const { secret } = await apiOf(path).admin.keys.create.mutate({ name: 'a', scopes: ['read'] })
  const [leaving, expiring] = [await logIn(url, viewer), await logIn(url, viewer)]
  nowMs = Date.parse(String(expiring.accessExpiresAt)) - 3_000
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const left = await connectWebSocket(url, { token: leaving.accessToken })
  const expired = await connectWebSocket(url, { token: expiring.accessToken })
  const kept = await connectWebSocket(url, { token: secret })
  for (const socket of [left, expired, kept]) {
    socket.send(callOf(1, 'auth.whoami'))
    await received(socket, 1)
    expect(socket.messages[0]).toHaveProperty('result')
  }

  left.send(callOf(2, 'auth.logout', {}, 'mutation'))
  await received(left, 3)
  expect(left.messages.slice(1)).toEqual([RECONNECT, { id: 2, result: { type: 'data', data: { json: {} } } }])
  // What comes before it has another connection has an answer.
  left.send(callOf(3, 'auth.whoami'))
  await received(left, 4)
  expect(left.messages[3]).toMatchObject({ id: 3, error: { json: { data: { meshCode: 'ERR_TOKEN' } } } })

  nowMs += 3_000
  vi.advanceTimersByTime(3_000)
  await received(expired, 2)
  expect(expired.messages[1]).toEqual(RECONNECT)
  vi.advanceTimersByTime(2_000)
  expect(await left.closed).toEqual(OVER)
  expect(expired.socket.readyState).toBe(expired.socket.OPEN)
  vi.advanceTimersByTime(3_000)
  expect(await expired.closed).toEqual(OVER)
  kept.send(callOf(2, 'auth.whoami'))
  await received(kept, 2)
  expect(kept.messages[1]).toHaveProperty('result')
})

test('a client of tRPC goes on with another token, by itself, when that of its WebSocket expires', async () => {
  let aheadMs = 0
  const { url, node } = await open(() => Date.now() + aheadMs)
  let login = await logIn(url, viewer)
  aheadMs = Date.parse(String(login.accessExpiresAt)) - Date.now() - 500
  let shown = 0
  const client = createWSClient({
    url: `${url.replace('http', 'ws')}/trpc`,
    connectionParams: async () => {
      shown += 1
      if (shown > 1) {
        login = (await post(url, 'auth.refresh', { refreshToken: login.refreshToken })).data as Login
      }
      return { authorization: `Bearer ${login.accessToken}` }
    },
  })
  onTestFinished(() => client.close())
  const api = createTRPCClient<AppRouter>({ links: [wsLink({ client, transformer: superjson })] })
  const texts: unknown[] = []
  const ends: unknown[] = []
  const subscription = api.service.messages.subscribe.subscribe(
    { from: 'start' },
    {
      onData({ data }) {
        if (!('kind' in data && data.kind === 'beginning')) texts.push('text' in data ? data.text : data)
      },
      onError: (error) => ends.push(error),
      onComplete: () => ends.push('complete'),
    },
  )
  onTestFinished(() => subscription.unsubscribe())
  await node.publish('prices', { text: 'before' })
  await waitUntil(() => texts.length === 1, { what: 'the first message' })
  await waitUntil(() => shown === 2, { what: 'another login' })
  await node.publish('prices', { text: 'after' })
  await waitUntil(() => texts.length === 2, { what: 'the second message' })
  expect(await api.auth.whoami.query()).toMatchObject({ subject: viewer.pastelId })
  expect(texts).toEqual(['before', 'after'])
  expect(ends).toEqual([])
})
