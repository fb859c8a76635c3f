import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { apiOf } from './fixtures/api.ts'
import { codeOf, post } from './fixtures/http-call.ts'
import { openServer } from './fixtures/open-server.ts'

async function open(options: Parameters<typeof openServer>[0] = {}) {
  const opened = await openServer({ http: {}, ...options })
  const { secret } = await apiOf(opened.path).admin.keys.create.mutate({
    name: 'a',
    scopes: ['read', 'send'],
  })
  return { url: opened.server.url ?? '', secret }
}

function publishing(bytes: number) {
  return { topic: 'prices', messages: [{ text: 'x'.repeat(bytes) }] }
}

test('without a good login 64 KiB of a request are taken, with one the largest', async () => {
  const { url, secret } = await open()
  const publish = async (bytes: number, token?: string) => {
    const answer = await post(url, 'service.messages.publish', publishing(bytes), token)
    return [answer.status, codeOf(answer)]
  }
  expect(await publish(70_000)).toEqual([413, 'ERR_TOO_LARGE'])
  expect(await publish(70_000, 'made-up')).toEqual([413, 'ERR_TOO_LARGE'])
  expect(await publish(60_000)).toEqual([401, 'ERR_NOT_LOGGED_IN'])
  expect(await publish(70_000, secret)).toEqual([200, undefined])
})

test('a body of a stranger that does not say how long it is is not read', async () => {
  const { url, secret } = await open()
  const streamed = (headers = {}) =>
    fetch(`${url}/trpc/auth.whoami`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: new Blob(['{}']).stream(),
      duplex: 'half',
    } as RequestInit)
  expect((await streamed()).status).toBe(413)
  expect((await streamed({ authorization: `Bearer ${secret}` })).status).not.toBe(413)
})

test('the same holds for plain HTTP', async () => {
  const { url } = await open()
  const answer = await fetch(`${url}/api/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(publishing(70_000)),
  })
  expect([answer.status, await answer.json()]).toEqual([
    413,
    { code: 'PAYLOAD_TOO_LARGE', meshCode: 'ERR_TOO_LARGE', message: expect.any(String) },
  ])
})

/** Of so many connections that are opened, one after the other, those that the server keeps. */
async function openMany(url: string, count: number): Promise<Socket[]> {
  const sockets: Socket[] = []
  const kept = new Set<Socket>()
  for (let opened = 0; opened < count; opened += 1) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    kept.add(socket)
    socket
      .on('error', () => {})
      .once('close', () => kept.delete(socket))
      .resume()
    sockets.push(socket)
    await once(socket, 'connect')
    // Whether it is kept shows in whether it is answered.
    socket.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n')
    await new Promise((resolve) => void socket.once('data', resolve).once('close', resolve))
  }
  return sockets.filter((socket) => kept.has(socket))
}

test.each([
  ['of one address', { maxConnectionsOfAddress: 4 }],
  ['in all', { maxConnections: 4 }],
])('connections %s are so many, and there is room again when one is closed', async (_, http) => {
  const { url } = await open({ http })
  const kept = await openMany(url, 6)
  expect(kept).toHaveLength(4)
  kept[0]?.destroy()
  await waitUntil(async () => (await openMany(url, 1)).length === 1, { what: 'a place that is free again' })
  expect(await openMany(url, 1)).toEqual([])
})

test.each([
  ['/nowhere', 404],
  ['/api/v1/nowhere', 404],
  ['/trpc/no.such.call', 404],
  ['/trpc/auth.logout', 405],
])('whoever asks for %s, which gets to no procedure, is not answered without end', async (path, status) => {
  const { url, secret } = await open({ callRate: { perSecond: 0.001, burst: 5 } })
  const ask = () => fetch(`${url}${path}`, { headers: { authorization: `Bearer ${secret}` } })
  for (let count = 0; count < 5; count += 1) expect((await ask()).status).toBe(status)
  const refused = await ask()
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, expect.stringMatching(/^\d+$/)])
  const text = await refused.text()
  for (const part of ['"meshCode":"ERR_RATE_LIMIT"', '"retryAfterMs":']) expect(text).toContain(part)
})

test('what strangers ask for and there is not counts by their address, each call of a batch', async () => {
  const { url } = await open()
  const path = `/trpc/${Array(20).fill('no.such.call').join(',')}?batch=1`
  const statuses = []
  for (let count = 0; count < 20; count += 1) statuses.push((await fetch(`${url}${path}`)).status)
  expect(statuses.slice(0, 5)).toEqual(Array(5).fill(404))
  expect(statuses).toContain(429)
})
