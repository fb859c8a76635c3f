import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { initTRPC, TRPCError, tracked } from '@trpc/server'
import superjson from 'superjson'
import { expect, onTestFinished, test } from 'vitest'
import { EventStreams } from '../src/transport/event-streams.ts'
import { openServer } from './fixtures/open-server.ts'

const PING_MS = 30
const { router, procedure } = initTRPC.create({
  transformer: superjson,
  sse: { ping: { enabled: true, intervalMs: PING_MS }, client: { reconnectAfterInactivityMs: 1_000 } },
})
const released = Promise.withResolvers<void>()

/** A server of a few subscriptions, and what it reported. */
async function served() {
  const failures: string[] = []
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
      asked: procedure.query(() => 'x'),
    }),
    onError: ({ error, path }) => failures.push(`${path}: ${error.code}`),
  })
  const server = createServer((request, response) => {
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
  return { url, ask, failures }
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

test('where nothing comes there is a sign of life', async () => {
  const { ask } = await served()
  const { body } = await ask('late')
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const readUntil = async (isThere: () => boolean) => {
    while (!isThere()) text += (await reader?.read())?.value ?? ''
  }
  await readUntil(() => text.split('event: ping\ndata: \n\n').length > 2)
  released.resolve()
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
