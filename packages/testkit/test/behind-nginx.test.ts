import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect as connectTls, type PeerCertificate } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { logIn } from '../../sdk-server/test/fixtures/http-call.ts'
import { callOf, connectWebSocket, upgradeStatus } from '../../sdk-server/test/fixtures/web-socket.ts'
import { waitUntil } from '../src/mesh/wait-until.ts'
import { missingForNginx } from '../src/nginx/nginx.ts'
import { followed } from './fixtures/followed.ts'
import { httpsCall } from './fixtures/https-call.ts'
import { servedBehindNginx, TOPIC } from './fixtures/served-behind-nginx.ts'

const served = servedBehindNginx()

async function fingerprint(): Promise<string> {
  const socket = connectTls({ host: '127.0.0.1', port: served.nginx.port, servername: 'localhost' })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate() as PeerCertificate
  socket.destroy()
  return fingerprint256
}

async function publish(text: string): Promise<void> {
  const { operator } = served
  await operator.api.service.messages.publish.mutate({ topic: TOPIC, messages: [{ text }] })
}

describe.skipIf(missingForNginx !== undefined)('behind nginx', () => {
  test('a client logs in, publishes and follows, through a new certificate and the end of a worker', async () => {
    const { nginx } = served
    const client = served.client()
    expect((await client.login()).role).toBe('operator')
    await client.api.service.messages.publish.mutate({ topic: TOPIC, messages: [{ text: 'before' }] })
    const follower = followed(client)
    await waitUntil(() => follower.texts.length === 1, { what: 'the stored message' })
    const [certificate, workers] = [await fingerprint(), await nginx.workers()]
    await nginx.issue()
    await nginx.reload()
    await waitUntil(async () => (await fingerprint()) !== certificate, { what: 'the new certificate' })
    // The worker of before serves the stream on.
    await publish('after the reload')
    await waitUntil(() => follower.texts.length === 2, { what: 'the live message' })
    expect(follower.lost()).toBe(0)
    for (const pid of workers) {
      try {
        process.kill(pid, 'SIGTERM')
      } catch {
        // It had nothing to serve.
      }
    }
    await waitUntil(() => follower.lost() > 0, { what: 'the stream to be cut' })
    await publish('after the cut')
    await waitUntil(() => follower.texts.length === 3, { what: 'the message after that' })
    expect(follower.texts).toEqual(['before', 'after the reload', 'after the cut'])
  })

  test('browsers get HTTP/2, and what is streamed at once', async () => {
    const { nginx, person } = served
    const { accessToken } = await logIn(nginx.url, person)
    const session = connectHttp2(nginx.url)
    onTestFinished(() => session.destroy())
    await once(session, 'connect')
    expect(session.alpnProtocol).toBe('h2')
    const input = encodeURIComponent(JSON.stringify({ json: { topic: TOPIC, from: 'now' } }))
    const stream = session.request({
      ':path': `/trpc/service.messages.subscribe?input=${input}`,
      accept: 'text/event-stream',
      authorization: `Bearer ${accessToken}`,
    })
    const [headers] = await once(stream, 'response')
    expect(headers).toMatchObject({ ':status': 200, 'content-type': 'text/event-stream' })
    let events = ''
    stream.on('data', (chunk) => {
      events += chunk
    })
    await waitUntil(() => events.includes('beginning'), { what: 'the stream to begin' })
    await publish('streamed by HTTP/2')
    await waitUntil(() => events.includes('streamed by HTTP/2'), { what: 'the message', timeoutMs: 5_000 })
    expect(stream.closed).toBe(false)
  })

  test('a WebSocket is opened, at /trpc and by pages that may', async () => {
    const { nginx, person } = served
    const { accessToken } = await logIn(nginx.url, person)
    const socket = await connectWebSocket(nginx.url, { token: accessToken, origin: nginx.url })
    socket.send(callOf(1, 'auth.whoami'))
    expect(await socket.answer(1)).toMatchObject({
      result: { data: { json: { subject: person.pastelId, role: 'operator' } } },
    })
    socket.send(callOf(2, 'service.messages.subscribe', { topic: TOPIC }, 'subscription'))
    await publish('over a WebSocket')
    await waitUntil(() => JSON.stringify(socket.messages).includes('over a WebSocket'), {
      what: 'the live message',
    })
    expect(await upgradeStatus(nginx.url, { token: accessToken, origin: 'https://evil.example' })).toBe(403)
    expect(await upgradeStatus(nginx.url, { path: '/trpc/service.ping' })).not.toBe(101)
  })

  test('what waits is waited for, and what is there before is not kept back', async () => {
    const { nginx, operator, person } = served
    const { accessToken } = await logIn(nginx.url, person)
    const to = [person.pastelId]
    const { sent } = await operator.api.service.messages.send.mutate({ to, messages: [{ text: 'away' }] })
    const input = { 0: {}, 1: { json: { id: sent[0]?.id, waitMs: 10_000 } } }
    const search = `batch=1&input=${encodeURIComponent(JSON.stringify(input))}`
    const askedMs = performance.now()
    const inParts = await fetch(`${nginx.url}/trpc/auth.whoami,service.messages.delivery?${search}`, {
      headers: { 'trpc-accept': 'application/jsonl', authorization: `Bearer ${accessToken}` },
    })
    const reader = inParts.body?.pipeThrough(new TextDecoderStream()).getReader()
    onTestFinished(() => reader?.cancel())
    let first = ''
    while (!first.includes(person.pastelId)) first += (await reader?.read())?.value
    const begunMs = performance.now()
    const answer = await httpsCall({
      port: nginx.port,
      path: `/api/v1/messages/${sent[0]?.id}/delivery?waitMs=1500`,
      headers: { authorization: `Bearer ${accessToken}` },
    })
    expect(answer.status).toBe(200)
    expect(performance.now() - begunMs).toBeGreaterThan(1_400)
    expect(performance.now() - askedMs).toBeLessThan(10_000)
  })

  test('the node has the address of the connection, whatever the caller says', async () => {
    const { nginx } = served
    await httpsCall({
      port: nginx.port,
      path: '/api/v1/ping',
      from: '127.0.0.7',
      headers: {
        'x-forwarded-for': '192.0.2.66, 127.0.0.1',
        'x-real-ip': '192.0.2.66',
        forwarded: 'for=192.0.2.66',
      },
    })
    await waitUntil(async () => (await served.seen()).some(({ path }) => path === '/api/v1/ping'), {
      what: 'the log',
    })
    const addresses = (await served.seen())
      .filter(({ path }) => path === '/api/v1/ping')
      .map(({ address }) => address)
    expect(addresses).toEqual(['127.0.0.7'])
  })
})
