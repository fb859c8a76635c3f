import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client'
import superjson from 'superjson'
import { expect, onTestFinished, test } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import type { AppRouter, Server, SubscribeInput } from '../src/index.ts'
import { apiOf } from './fixtures/api.ts'
import { halfRequest } from './fixtures/half-request.ts'
import { get, logIn } from './fixtures/http-call.ts'
import { openServer } from './fixtures/open-server.ts'
import { callOf, connectWebSocket } from './fixtures/web-socket.ts'

async function open(drainMs: number) {
  const opened = await openServer({ http: { drainMs } })
  const { secret: token } = await apiOf(opened.path).admin.keys.create.mutate({
    name: 'a',
    scopes: ['read', 'send'],
  })
  return { ...opened, url: opened.server.url ?? '', token }
}

/** Of the calls that read a page, the first goes on when it is let go. */
function holdPage(node: Awaited<ReturnType<typeof open>>['node']) {
  const { promise: released, resolve: letGo } = Promise.withResolvers<void>()
  const { promise: held, resolve: hold } = Promise.withResolvers<void>()
  const messages = node.messages.bind(node)
  node.messages = async function* (options) {
    hold()
    await released
    yield* messages(options)
  }
  return { held, letGo }
}

/** A request of which half is sent, and the server has it. */
async function halfSent(url: string, token: string) {
  const to = { port: Number(new URL(url).port), host: '127.0.0.1' }
  const half = await halfRequest(to, [`authorization: Bearer ${token}`])
  // What is answered after it shows that the server has it.
  await get(url, 'auth.whoami', token)
  return half
}

type Connected = Awaited<ReturnType<typeof connectWebSocket>>

/** Stops the server during a call: whoever has none is closed, the call is answered when it is let go, then closed. */
async function stopWhile({
  server,
  idle,
  socket,
  letGo,
}: {
  readonly server: Server
  readonly idle: Connected
  readonly socket: Connected
  readonly letGo: () => void
}): Promise<void> {
  const stopped = server.stop()
  await idle.closed
  expect(socket.socket.readyState).toBe(socket.socket.OPEN)
  letGo()
  expect(await socket.closed).toEqual([1001, 'this node stops'])
  expect(socket.messages).toMatchObject([{ method: 'reconnect' }, { id: 1, result: { type: 'data' } }])
  await stopped
}

test('at the stop a request over HTTP finishes, and no other is taken', async () => {
  const { url, token, server, store } = await open(1_000_000)
  const { socket, received, finish } = await halfSent(url, token)
  const stopped = server.stop()
  await expect(fetch(`${url}/livez`)).rejects.toThrow('fetch failed')
  expect(store.end).toBe(0)
  finish()
  await once(socket, 'end')
  expect(received()).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  await stopped
  expect(store.end).toBe(1)
})

test('a request over HTTP that does not finish is cut off', async () => {
  const { url, token, server } = await open(50)
  const { socket, received } = await halfSent(url, token)
  const closed = once(socket, 'close')
  await server.stop()
  await closed
  expect(received()).not.toContain('200 OK')
})

test('whoever follows over server-sent events is told of the stop', async () => {
  const { url, token, server } = await open(1_000_000)
  const answer = await fetch(
    `${url}/trpc/service.messages.subscribe?input=${encodeURIComponent('{"json":{}}')}`,
    {
      headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
    },
  )
  const text = answer.text()
  await server.stop()
  expect(await text).toContain('"meshCode":"ERR_STOPPED"')
})

test('at the stop a call over a WebSocket finishes, its client is asked to connect again, and it is closed', async () => {
  const { url, token, server, node } = await open(1_000_000)
  const { held, letGo } = holdPage(node)
  const socket = await connectWebSocket(url, { token })
  const idle = await connectWebSocket(url, { token })
  const silent = await connectWebSocket(url, { isSilent: true })
  socket.send(callOf(1, 'service.messages.list', {}))
  socket.send(callOf(2, 'service.messages.subscribe', {}, 'subscription'))
  const begun = () => socket.messages.length === 2
  await Promise.all([held, waitUntil(begun, { what: 'where the subscription begins' })])
  const stopped = server.stop()
  for (const { closed } of [idle, silent]) expect(await closed).toEqual([1001, 'this node stops'])
  expect(idle.messages).toEqual([{ id: null, method: 'reconnect' }])
  expect(socket.socket.readyState).toBe(socket.socket.OPEN)
  letGo()
  expect(await socket.closed).toEqual([1001, 'this node stops'])
  expect(socket.messages).toEqual([
    { id: 2, result: { type: 'started' } },
    {
      id: 2,
      result: {
        type: 'data',
        id: expect.any(String),
        data: { json: { id: expect.any(String), data: expect.objectContaining({ kind: 'beginning' }) } },
      },
    },
    { id: null, method: 'reconnect' },
    { id: 1, result: { type: 'data', data: { json: expect.objectContaining({ messages: [] }) } } },
  ])
  await stopped
})

test('at the stop a call over a WebSocket that waits for something to happen is answered, too', async () => {
  const { url, token, server, node } = await open(1_000_000)
  const { promise: released, resolve: letGo } = Promise.withResolvers<void>()
  const { promise: waited, resolve: onWait } = Promise.withResolvers<void>()
  node.waitForDelivery = async () => {
    onWait()
    await released
    return { recipient: node.pastelId, mailboxes: new Set() } as never
  }
  const idle = await connectWebSocket(url, { token })
  const socket = await connectWebSocket(url, { token })
  socket.send(callOf(1, 'service.messages.delivery', { id: 'a-1', waitMs: 20_000 }))
  await waited
  await stopWhile({ server, idle, socket, letGo })
})

test('at the stop a change over a WebSocket is answered when it is in the audit log', async () => {
  const admin = createLocalSigner(generateSeed())
  const { server, store } = await openServer({
    http: { drainMs: 1_000_000 },
    roles: { admins: [admin.pastelId] },
  })
  const url = server.url ?? ''
  const { accessToken: token } = await logIn(url, admin)
  const { promise: released, resolve: letGo } = Promise.withResolvers<void>()
  const { promise: held, resolve: hold } = Promise.withResolvers<void>()
  const write = store.values.write.bind(store.values)
  store.values.write = async (values, options) => {
    if (values.some(({ name }) => name.startsWith('audit/'))) {
      hold()
      await released
    }
    return write(values, options)
  }
  const idle = await connectWebSocket(url, { token })
  const socket = await connectWebSocket(url, { token })
  socket.send(callOf(1, 'admin.setRelay', { on: true }, 'mutation'))
  await held
  await stopWhile({ server, idle, socket, letGo })
})

test('at the stop a WebSocket whose call does not finish, or whose other end does not answer, is cut off', async () => {
  const { url, token, server, node } = await open(200)
  const { held, letGo } = holdPage(node)
  onTestFinished(() => letGo())
  const busy = await connectWebSocket(url, { token })
  busy.send(callOf(1, 'service.messages.list', {}))
  const deaf = await connectWebSocket(url, { token })
  deaf.socket.pause()
  await held
  await server.stop()
  expect((await busy.closed)[0]).toBe(1006)
  deaf.socket.resume()
  await deaf.closed
})

/** A client of tRPC that follows over a WebSocket. */
function followed({ url, token }: { url: string; token: string }, input: SubscribeInput) {
  const client = createWSClient({
    url: `${url.replace('http', 'ws')}/trpc`,
    connectionParams: { authorization: `Bearer ${token}` },
    retryDelayMs: () => 20,
  })
  onTestFinished(() => client.close())
  const api = createTRPCClient<AppRouter>({ links: [wsLink({ client, transformer: superjson })] })
  const texts: unknown[] = []
  const ends: unknown[] = []
  const { promise: begun, resolve: onBegun } = Promise.withResolvers<void>()
  const subscription = api.service.messages.subscribe.subscribe(input, {
    onData({ data }) {
      if ('kind' in data && data.kind === 'beginning') onBegun()
      else texts.push('text' in data ? data.text : data)
    },
    onError: (error) => ends.push(error),
    onComplete: () => ends.push('complete'),
  })
  onTestFinished(() => subscription.unsubscribe())
  return { begun, texts, ends }
}

test('a client that follows over a WebSocket goes on by itself when the node is there again, and misses nothing', async () => {
  const opened = await open(1_000)
  const { url, node } = opened
  const { begun, texts, ends } = followed(opened, { from: 'start' })
  await begun
  await node.publish('prices', { text: 'before' })
  await waitUntil(() => texts.length === 1, { what: 'the first message' })
  await opened.server.stop()
  await node.publish('prices', { text: 'meanwhile' })
  await opened.restart({ port: Number(new URL(url).port) })
  await node.publish('prices', { text: 'after' })
  await waitUntil(() => texts.length >= 3, { what: 'the last message' })
  expect(texts).toEqual(['before', 'meanwhile', 'after'])
  expect(ends).toEqual([])
})

test.each([{}, { last: 1 }])('so does one to which nothing had come: %j', async (input) => {
  const opened = await open(1_000)
  const { url, node } = opened
  const { begun, texts, ends } = followed(opened, input)
  await begun
  await opened.server.stop()
  await node.publishMany('prices', [{ text: 'meanwhile' }, { text: 'and more' }])
  await opened.restart({ port: Number(new URL(url).port) })
  await node.publish('prices', { text: 'after' })
  await waitUntil(() => texts.includes('after'), { what: 'the last message' })
  expect(texts).toEqual(['meanwhile', 'and more', 'after'])
  expect(ends).toEqual([])
})

test('starts at once are one start, and each stop is over when the server has stopped', async () => {
  const opened = await openServer({ http: {}, monitoring: {} })
  const { path } = opened
  const portOf = (url = '') => Number(new URL(url).port)
  // A second listener would find these taken.
  const server = await opened.restart({
    port: portOf(opened.server.url),
    monitoring: { port: portOf(opened.server.monitoringUrl) },
    drainMs: 1_000_000,
  })
  await server.stop()
  await Promise.all([server.start(), server.start(), server.start()])
  const { secret } = await apiOf(path).admin.keys.create.mutate({ name: 'a', scopes: ['send'] })
  const half = await halfSent(server.url ?? '', secret)
  let ended = 0
  const stops = [1, 2, 3].map(() => server.stop().then(() => (ended += 1)))
  await waitUntil(() => !existsSync(path), { what: 'the end of the Unix socket' })
  for (let turns = 0; turns < 20; turns += 1) await turn()
  expect(ended).toBe(0)
  const started = server.start()
  half.finish()
  await Promise.all(stops)
  await started
  expect((await fetch(`${server.url}/livez`)).status).toBe(200)
  expect((await fetch(`${server.monitoringUrl}/livez`)).status).toBe(200)
})
