import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setImmediate as tick } from 'node:timers/promises'
import { initTRPC, TRPCError, tracked } from '@trpc/server'
import { observable } from '@trpc/server/observable'
import superjson from 'superjson'
import { expect, onTestFinished, test } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { EventStreams } from '../src/transport/event-streams.ts'
import { openServer } from './fixtures/open-server.ts'

const PING_MS = 30
const { router, procedure } = initTRPC.create({
  transformer: superjson,
  sse: { ping: { enabled: true, intervalMs: PING_MS }, client: { reconnectAfterInactivityMs: 1_000 } },
})

/** Waits for what never comes, and notes when it is told to end. */
function waiting(ended: string[]): AsyncIterable<string> {
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => {}),
      async return() {
        ended.push('waiting')
        return { done: true, value: undefined }
      },
    }),
  }
}

/** A server of a few subscriptions, what it reported, which of them ended, and its answers. */
async function served() {
  const failures: string[] = []
  const ended: string[] = []
  const answers: ServerResponse[] = []
  let isOver = false
  onTestFinished(() => {
    isOver = true
  })
  const released = Promise.withResolvers<void>()
  const streams = new EventStreams({
    router: router({
      counted: procedure.input(Number).subscription(async function* ({ input }) {
        yield tracked('1', { at: new Date(0) })
        yield input
        yield tracked('3', 'last')
      }),
      placed: procedure
        .input((value) => value)
        .subscription(async function* ({ input }) {
          yield input
        }),
      late: procedure.subscription(async function* () {
        await released.promise
        yield 'late'
      }),
      failing: procedure.subscription(async function* () {
        yield 'first'
        throw new TRPCError({ code: 'CONFLICT', message: 'no more' })
      }),
      endless: procedure.subscription(async function* () {
        try {
          while (!isOver) {
            yield 'again'
            await tick()
          }
        } finally {
          ended.push('endless')
        }
      }),
      waiting: procedure.subscription(() => waiting(ended)),
      observed: procedure.subscription(() =>
        observable<string>((observer) => {
          observer.next('seen')
          return () => void ended.push('observed')
        }),
      ),
      asked: procedure.query(() => 'x'),
    }),
    onError: ({ error, path }) => failures.push(`${path}: ${error.code}`),
  })
  const server = createServer((request, response) => {
    answers.push(response)
    if (streams.isAskedFor(request)) void streams.serve(request, response, () => ({}) as never)
    else response.writeHead(404).end()
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/trpc`
  const ask = (path: string, input?: unknown, init?: RequestInit) =>
    fetch(
      `${url}/${path}${input === undefined ? '' : `?input=${encodeURIComponent(superjson.stringify(input))}`}`,
      init,
    )
  return { url, ask, failures, ended, answers, streams, letGo: released.resolve }
}

const CONNECTED = 'event: connected\ndata: {"reconnectAfterInactivityMs":1000}\n\n'
const RETURN = 'event: return\ndata: \n\n'

test('each value is an event with its id; one without takes none from the one before', async () => {
  const { ask } = await served()
  const answer = await ask('counted', 2)
  expect(answer.headers.get('content-type')).toBe('text/event-stream')
  expect(answer.headers.get('x-accel-buffering')).toBe('no')
  expect(await answer.text()).toBe(
    [
      CONNECTED,
      'data: {"json":{"at":"1970-01-01T00:00:00.000Z"},"meta":{"values":{"at":["Date"]},"v":1}}\nid: 1\n\n',
      'data: {"json":2}\nid\n\nevent: restore-id\ndata: \nid: 1\n\n',
      'data: {"json":"last"}\nid: 3\n\n',
      RETURN,
    ].join(''),
  )
})

test('where somebody goes on is a part of what it asks for', async () => {
  const { url, ask } = await served()
  const again = { headers: { 'last-event-id': '7' } }
  expect(await (await ask('placed', { a: 1 }, again)).text()).toContain('{"json":{"a":1,"lastEventId":"7"}}')
  expect(await (await ask('placed', undefined, again)).text()).toContain('{"json":{"lastEventId":"7"}}')
  expect(await (await fetch(`${url}/placed?lastEventId=8`)).text()).toContain('{"json":{"lastEventId":"8"}}')
})

test('an input that has no fields stays as it is where somebody goes on', async () => {
  const { ask } = await served()
  const again = { headers: { 'last-event-id': '7' } }
  expect(await (await ask('placed', 'prices', again)).text()).toContain('data: {"json":"prices"}\n')
  expect(await (await ask('placed', ['a', 'b'], again)).text()).toContain('data: {"json":["a","b"]}\n')
})

test('who goes on keeps its place while events without an id come', async () => {
  const { url, ask } = await served()
  const restored = 'event: restore-id\ndata: \nid: 7\n\n'
  const again = { headers: { 'last-event-id': '7' } }
  expect(await (await ask('placed', 'a', again)).text()).toBe(
    [CONNECTED, 'data: {"json":"a"}\nid\n\n', restored, RETURN].join(''),
  )
  const injected = encodeURIComponent('7\n\ndata: of others')
  expect(await (await fetch(`${url}/placed?lastEventId=${injected}`)).text()).not.toContain(
    '\ndata: of others',
  )
})

test('a subscription ends when whoever followed it leaves, also where it waits, and so do the signs of life', async () => {
  const { ask, ended, failures, answers } = await served()
  for (const path of ['endless', 'waiting', 'observed']) {
    const left = new AbortController()
    const { body } = await ask(path, undefined, { signal: left.signal })
    await body?.getReader().read()
    left.abort()
    await waitUntil(() => ended.includes(path), { what: `the end of ${path}` })
    let later = 0
    const [answer] = answers.splice(0)
    if (answer !== undefined) {
      answer.write = () => {
        later += 1
        return false
      }
    }
    // As long as another one has three signs of life.
    const other = await ask('late')
    const reader = other.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (text.split('event: ping').length <= 3) text += (await reader?.read())?.value ?? ''
    await reader?.cancel()
    expect([path, later]).toEqual([path, 0])
    answers.length = 0
  }
  expect(ended).toEqual(['endless', 'waiting', 'observed'])
  expect(failures).toEqual([])
})

test('observables are followed like generators', async () => {
  const { ask } = await served()
  const reader = (await ask('observed')).body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!text.includes('data: {"json":"seen"}\n\n')) text += (await reader?.read())?.value ?? ''
  await reader?.cancel()
  expect(text).not.toContain('serialized-error')
})

test('a subscription that is asked for behind another one ends with the connection, too', async () => {
  const { url, ended, answers } = await served()
  const { port } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  const asking = 'GET /trpc/waiting HTTP/1.1\r\nhost: localhost\r\n\r\n'
  socket.write(asking + asking)
  await waitUntil(() => answers.length === 2, { what: 'both requests' })
  socket.destroy()
  await waitUntil(() => ended.length === 2, { what: 'the end of both' })
})

test('for whoever left before it is answered nothing begins', async () => {
  const { streams } = await served()
  const begun: string[] = []
  const { promise: answered, resolve: onAnswered } = Promise.withResolvers<void>()
  const server = createServer(async (request, response) => {
    await once(response, 'close')
    await streams.serve(request, response, () => {
      begun.push('context')
      return {} as never
    })
    onAnswered()
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  server.once('request', () => socket.destroy())
  socket.write('GET /trpc/waiting HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await answered
  expect(begun).toEqual([])
})

test('where nothing comes there is a sign of life', async () => {
  const { ask, letGo } = await served()
  const { body } = await ask('late')
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const readUntil = async (isThere: () => boolean) => {
    while (!isThere()) text += (await reader?.read())?.value ?? ''
  }
  await readUntil(() => text.split('event: ping\ndata: \n\n').length > 2)
  letGo()
  await readUntil(() => text.endsWith(RETURN))
  expect(text).toContain('data: {"json":"late"}\n\n')
})

test('what fails is told as the last event, and reported', async () => {
  const { url, ask, failures } = await served()
  const text = await (await ask('failing')).text()
  expect(text).toMatch(/data: {"json":"first"}\n\nevent: serialized-error\ndata: .*"CONFLICT".*\n\n$/)
  expect(await (await fetch(`${url}/counted?input={`)).text()).toContain('"PARSE_ERROR"')
  expect(failures).toEqual(['failing: CONFLICT', 'counted: PARSE_ERROR'])
})

test('calls, and subscriptions among others, are for tRPC', async () => {
  const { url, ask } = await served()
  expect((await ask('asked')).status).toBe(404)
  expect((await fetch(`${url}/counted?batch=1`)).status).toBe(404)
  expect((await ask('counted', 2, { method: 'POST' })).status).toBe(404)
})

test('over HTTP it has what browsers are told of any answer', async () => {
  const origin = 'https://app.example'
  const { server } = await openServer({ http: { corsOrigins: [origin] } })
  const answer = await fetch(`${server.url}/trpc/service.messages.subscribe`, { headers: { origin } })
  expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  expect(await answer.text()).toContain('"meshCode":"ERR_NOT_LOGGED_IN"')
})
